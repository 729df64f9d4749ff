"""The relay: order, capacity, latency, rate."""

from amaranth.sim import Simulator

from hdl.relay import Relay
from sim.streams import receive, send
from tests.ops.bench import stalls

BEATS = [n * 37 % 256 for n in range(60)]


def run(produce, consume):
    dut = Relay(8)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def producer(ctx):
        await produce(ctx, dut)

    async def consumer(ctx):
        await consume(ctx, dut)

    simulator.add_testbench(producer)
    simulator.add_testbench(consumer)
    simulator.run_until(400e-6)


def test_keeps_order_under_stalls():
    for seed in range(4):
        got = []

        async def produce(ctx, dut, seed=seed):
            await send(ctx, dut.i, BEATS, gap=stalls(seed))

        async def consume(ctx, dut, seed=seed, got=got):
            got.extend(await receive(ctx, dut.o, len(BEATS), gap=stalls(seed + 9)))
            assert not ctx.get(dut.o.valid), "a beat is left over"

        run(produce, consume)
        assert got == BEATS


def test_holds_two_and_passes_one_per_cycle():
    ready, valid = [], []

    async def produce(ctx, dut):
        ctx.set(dut.i.valid, 1)
        for _ in range(12):
            *_, there = await ctx.tick().sample(dut.i.ready)
            ready.append(there)

    async def consume(ctx, dut):
        for cycle in range(12):
            ctx.set(dut.o.ready, cycle >= 6)
            *_, there = await ctx.tick().sample(dut.o.valid)
            valid.append(there)

    run(produce, consume)
    assert ready[:6] == [1, 1, 0, 0, 0, 0] and sum(ready[:6]) == Relay.DEPTH
    assert valid == [0] * Relay.LATENCY + [1] * 11
