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


def run(depth, *testbenches, cycles=400):
    dut = Fifo(8, depth)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for testbench in testbenches:
        simulator.add_testbench(bound(testbench, dut))
    simulator.run_until(cycles * 1e-6)


@pytest.mark.parametrize("depth", [2, 3, 4, 16])
def test_keeps_order_under_stalls(depth):
    beats, got = [n * 37 % 256 for n in range(60)], []

    async def produce(ctx, dut):
        await send(ctx, dut.i, beats, gap=stalls(1))

    async def consume(ctx, dut):
        got.extend(await receive(ctx, dut.o, len(beats), gap=stalls(2)))
        assert not ctx.get(dut.o.valid), "a beat is left over"

    run(depth, produce, consume)
    assert got == beats


@pytest.mark.parametrize("depth", [2, 3, 4, 16])
def test_holds_exactly_its_depth(depth):
    taken = []

    async def produce(ctx, dut):
        ctx.set(dut.i.valid, 1)
        for _ in range(depth + 10):
            *_, ready = await ctx.tick().sample(dut.i.ready)
            taken.append(ready)

    run(depth, produce)
    assert sum(taken) == depth


def test_one_beat_per_cycle_after_its_latency():
    seen = []

    async def produce(ctx, dut):
        await send(ctx, dut.i, range(20))

    async def consume(ctx, dut):
        ctx.set(dut.o.ready, 1)
        for _ in range(40):
            *_, valid = await ctx.tick().sample(dut.o.valid)
            seen.append(valid)

    run(4, produce, consume)
    first = seen.index(1)
    assert first == Fifo.LATENCY
    assert seen[first:first + 20] == [1] * 20 and sum(seen) == 20


def test_too_shallow_is_refused():
    with pytest.raises(ValueError, match="Fifo depth must be at least 2, not 1"):
        Fifo(8, 1)
