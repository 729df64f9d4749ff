"""Packets of the wrong length: marked, counted, and the next image is right."""

import cocotb

from sim.benches.bench import Bench


async def right_afterwards(bench: Bench, *, short: int, long: int) -> None:
    """One more image is right; the counters tell of all packets."""
    await bench.send(bench.vectors.words[-1])
    await bench.expect(bench.vectors.logits[-1])
    await bench.expect_quiet()
    await bench.expect_registers(SHORT_PACKETS=short, LONG_PACKETS=long, STATUS=0b10,
                                 IMAGES_OUT=short + long + 1)


@cocotb.test()
async def short_packets(dut):
    bench = Bench(dut)
    await bench.reset()
    vectors = bench.vectors
    assert len(vectors.short_beats), "an image of one beat cannot be short"
    for beats, logits in zip(vectors.short_beats, vectors.short_logits, strict=True):
        await bench.send(vectors.words[0, :beats])
        await bench.expect(logits, malformed=True)
    await right_afterwards(bench, short=len(vectors.short_beats), long=0)


@cocotb.test()
@cocotb.parametrize(extra=[1, 2, 100])
async def long_packets(dut, extra: int):
    bench = Bench(dut)
    await bench.reset()
    vectors = bench.vectors
    await bench.send([*vectors.words[0], *([0xFFFFFFFF] * extra)])
    await bench.expect(vectors.logits[0], malformed=True)
    await right_afterwards(bench, short=0, long=1)


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.5], backpressure=[0.0, 0.5])
async def wrong_and_right_ones_back_to_back(dut, idle: float, backpressure: float):
    bench = Bench(dut, idle, backpressure)
    await bench.reset()
    vectors = bench.vectors
    short, short_logits = vectors.short_beats[-1], vectors.short_logits[-1]
    for words in vectors.words:
        await bench.send(words)
        await bench.send(vectors.words[0, :short])
        await bench.send([*words, 0xFFFFFFFF])
    for logits in vectors.logits:
        await bench.expect(logits)
        await bench.expect(short_logits, malformed=True)
        await bench.expect(logits, malformed=True)
    await bench.expect_quiet()
    count = len(vectors.words)
    await bench.expect_registers(SHORT_PACKETS=count, LONG_PACKETS=count, IMAGES_OUT=3 * count,
                                 STATUS=0b10)
