"""The fork: every reader gets every beat once, each at its own time."""

from amaranth.sim import Simulator

from hdl.fork import Fork
from sim.streams import receive, send
from tests.ops.bench import stalls

BEATS = [n * 37 % 256 for n in range(60)]


def test_every_reader_gets_every_beat_once():
    dut = Fork(8, 3)
    got = {n: [] for n in range(3)}

    async def produce(ctx):
        await send(ctx, dut.i, BEATS, gap=stalls(1))

    def reader(n):
        async def consume(ctx):
            output = getattr(dut, f"o{n}")
            got[n].extend(await receive(ctx, output, len(BEATS), gap=stalls(n + 2)))
            await ctx.tick().repeat(5)
            assert not ctx.get(output.valid), "a beat is left over"
        return consume

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(produce)
    for n in got:
        simulator.add_testbench(reader(n))
    simulator.run_until(800e-6)
    assert got == dict.fromkeys(range(3), BEATS)
