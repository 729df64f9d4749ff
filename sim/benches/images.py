"""Images back to back, with pauses on either side."""

import cocotb

from sim.benches.bench import Bench


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.5, 0.9], backpressure=[0.0, 0.5, 0.9])
async def back_to_back(dut, idle: float, backpressure: float):
    bench = Bench(dut, idle, backpressure)
    await bench.reset()
    for words in bench.vectors.words:
        await bench.send(words)
    for logits in bench.vectors.logits:
        await bench.expect(logits)
    await bench.expect_quiet()
    count = len(bench.vectors.words)
    await bench.expect_registers(IMAGES_IN=count, IMAGES_OUT=count, SHORT_PACKETS=0,
                                 LONG_PACKETS=0, STATUS=0)


@cocotb.test()
async def sink_that_sleeps_for_long(dut):
    bench = Bench(dut)
    await bench.reset()
    bench.sink.pause = True
    for words in bench.vectors.words:
        await bench.send(words)
    await bench.cycles(2 * len(bench.vectors.words[0]) + 2000)
    assert bench.sink.empty()
    bench.sink.pause = False
    for logits in bench.vectors.logits:
        await bench.expect(logits)
    await bench.expect_quiet()
