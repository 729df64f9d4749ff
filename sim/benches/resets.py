"""A reset at an awkward moment: afterwards the circuit is as new."""

import cocotb
from cocotb.triggers import RisingEdge, with_timeout
from cocotb.utils import get_sim_time

from sim.benches.bench import PERIOD_NS, Bench


async def right_afterwards(bench: Bench) -> None:
    """The next images are right and the counters know of nothing else."""
    vectors = bench.vectors
    await bench.reset()
    await bench.expect_registers(IMAGES_IN=0, IMAGES_OUT=0, SHORT_PACKETS=0, LONG_PACKETS=0,
                                 STATUS=0)
    for words in vectors.words:
        await bench.send(words)
    for logits in vectors.logits:
        await bench.expect(logits)
    await bench.expect_quiet()
    count = len(vectors.words)
    await bench.expect_registers(IMAGES_IN=count, IMAGES_OUT=count, SHORT_PACKETS=0,
                                 LONG_PACKETS=0)


@cocotb.test()
async def while_pixels_come_in(dut):
    bench = Bench(dut)
    await bench.reset()
    # Half an image as a packet of its own would be short: it is cut by the reset instead.
    await bench.send(bench.vectors.words[0])
    await bench.cycles(2 + bench.vectors.words.shape[1] // 2)
    await right_afterwards(bench)


@cocotb.test()
@cocotb.parametrize(part=[0.1, 0.5, 0.9])
async def while_it_computes(dut, part: float):
    bench = Bench(dut)
    await bench.reset()
    # The time an image takes is measured, for it depends on the image; then it is cut at a part.
    start = get_sim_time("ns")
    await bench.send(bench.vectors.words[0])
    await bench.expect(bench.vectors.logits[0])
    cycles = int((get_sim_time("ns") - start) / PERIOD_NS)
    await bench.send(bench.vectors.words[0])
    await bench.cycles(max(1, int(cycles * part)))
    assert bench.sink.empty()
    await right_afterwards(bench)


@cocotb.test()
async def while_logits_go_out(dut):
    bench = Bench(dut)
    await bench.reset()
    await bench.send(bench.vectors.words[0])
    await with_timeout(RisingEdge(dut.m_axis_tvalid), bench.vectors.deadline * PERIOD_NS, "ns")
    await bench.cycles(1)
    assert bench.sink.empty()
    await right_afterwards(bench)
