# amaranth: UnusedElaboratable=no
"""The buffer: order, capacity, latency, rate."""

import pytest
from amaranth.sim import Simulator

from hdl.fifo import Fifo
from sim.streams import receive, send
from tests.ops.bench import stalls


def bound(testbench, dut):
    async def run(ctx):
        await testbench(ctx, dut)
    return run


def run(depth, *testbenches, cycles=400, bits=8):
    dut = Fifo(bits, depth)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(bound(testbench, dut))
    simulator.run_until(cycles * 1e-6)


@pytest.mark.parametrize(("depth", "bits"), [(2, 8), (3, 8), (4, 8), (16, 8), (2, 1024), (3, 700)])
def test_keeps_order_under_stalls(depth, bits):
    beats, got = [n * 37 % 256 for n in range(60)], []

    async def produce(ctx, dut):
        await send(ctx, dut.i, beats, gap=stalls(1))

    async def consume(ctx, dut):
        got.extend(await receive(ctx, dut.o, len(beats), gap=stalls(2)))
        assert not ctx.get(dut.o.valid), "a beat is left over"

    run(depth, produce, consume, bits=bits)
    assert got == beats


@pytest.mark.parametrize(("depth", "bits"), [(2, 8), (3, 8), (4, 8), (16, 8), (2, 1024), (3, 700)])
def test_holds_exactly_its_depth(depth, bits):
    taken = []

    async def produce(ctx, dut):
        ctx.set(dut.i.valid, 1)
        for _ in range(depth + 10):
            *_, ready = await ctx.tick().sample(dut.i.ready)
            taken.append(ready)

    run(depth, produce, bits=bits)
    assert sum(taken) == depth


@pytest.mark.parametrize(("depth", "bits", "latency"), [(4, 8, 2), (4, 511, 2), (4, 512, 3)])
def test_one_beat_per_cycle_after_its_latency(depth, bits, latency):
    seen = []

    async def produce(ctx, dut):
        await send(ctx, dut.i, range(20))

    async def consume(ctx, dut):
        ctx.set(dut.o.ready, 1)
        for _ in range(40):
            *_, valid = await ctx.tick().sample(dut.o.valid)
            seen.append(valid)

    run(depth, produce, consume, bits=bits)
    first = seen.index(1)
    assert first == Fifo.latency(bits, depth) == latency
    assert seen[first:first + 20] == [1] * 20 and sum(seen) == 20


def test_too_shallow_is_refused():
    with pytest.raises(ValueError, match="Fifo depth must be at least 2, not 1"):
        Fifo(8, 1)
