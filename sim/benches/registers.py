"""The register file: identity, counters, and clearing them."""

import cocotb

from sim.benches.bench import Bench, Register

ID = 0x53504C4D


@cocotb.test()
async def identity(dut):
    bench = Bench(dut)
    await bench.reset()
    vectors = bench.vectors
    await bench.expect_registers(ID=ID, NETWORK=vectors.network, PIXELS=vectors.pixels,
                                 CLASSES=vectors.logits.shape[1])
    assert await bench.read(Register.VERSION) != 0
    # What tells who the circuit is cannot be written.
    for address in (Register.ID, Register.NETWORK, Register.PIXELS):
        before = await bench.read(address)
        await bench.write(address, before ^ 0xFFFFFFFF)
        assert await bench.read(address) == before


@cocotb.test()
async def counters_count_and_are_cleared(dut):
    bench = Bench(dut)
    await bench.reset()
    vectors = bench.vectors
    assert await bench.read(Register.STATUS) == 0
    assert await bench.read(Register.BUSY, 2) == 0
    await bench.send(vectors.words[0])
    await bench.cycles(len(vectors.words[0]) // 2)
    assert await bench.read(Register.STATUS) & 1, "STATUS is not busy with an image inside"
    await bench.expect(vectors.logits[0])
    await bench.send(vectors.words[0, :vectors.short_beats[0]])
    await bench.expect(vectors.short_logits[0], malformed=True)
    await bench.expect_quiet()
    await bench.expect_registers(IMAGES_IN=2, IMAGES_OUT=2, SHORT_PACKETS=1, STATUS=0b10)
    assert await bench.read(Register.BUSY, 2) >= len(vectors.words[0])

    # Only bit 0 of CONTROL clears.
    await bench.write(Register.CONTROL, 0xFFFFFFFE)
    await bench.expect_registers(IMAGES_IN=2, IMAGES_OUT=2, SHORT_PACKETS=1, STATUS=0b10)
    await bench.write(Register.CONTROL, 1)
    await bench.expect_registers(IMAGES_IN=0, IMAGES_OUT=0, SHORT_PACKETS=0, LONG_PACKETS=0,
                                 STATUS=0)
    assert await bench.read(Register.BUSY, 2) == 0
    assert await bench.read(Register.CYCLES, 2) < 200
    await bench.send(vectors.words[0])
    await bench.expect(vectors.logits[0])
    await bench.expect_registers(IMAGES_IN=1, IMAGES_OUT=1)


@cocotb.test()
async def cycles_are_clock_cycles(dut):
    bench = Bench(dut)
    await bench.reset()
    before = await bench.read(Register.CYCLES, 2)
    await bench.cycles(1000)
    passed = await bench.read(Register.CYCLES, 2) - before
    assert 1000 <= passed <= 1040, f"CYCLES went on by {passed} in 1000 cycles and two reads"


@cocotb.test()
async def reads_go_on_while_images_do(dut):
    bench = Bench(dut, idle=0.3, backpressure=0.3)
    await bench.reset()
    for words in bench.vectors.words:
        await bench.send(words)
    seen = []
    for logits in bench.vectors.logits:
        await bench.expect(logits)
        seen.append(await bench.read(Register.IMAGES_OUT))
    assert seen == sorted(seen) and seen[-1] == len(bench.vectors.logits), seen
