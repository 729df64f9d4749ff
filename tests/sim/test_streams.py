"""The stream helpers themselves: order, gaps, plain values, and the payload rule."""

import gc

import pytest
from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from sim.streams import receive, send

PAYLOAD = data.StructLayout({"first": 1, "lanes": data.ArrayLayout(signed(5), 3)})
BEATS = [{"first": n % 3 == 0, "lanes": [n - 9, -n, 7]} for n in range(10)]


class Register(wiring.Component):
    """One register between two streams; ``fickle`` ones forget an offer after two cycles."""

    def __init__(self, payload, fickle=None):
        self.fickle = fickle
        super().__init__({"i": In(stream.Signature(payload)), "o": Out(stream.Signature(payload))})

    def elaborate(self, platform):
        m = Module()
        refused = Signal(2)
        stays = refused < 2 if self.fickle == "withdraws" else 1
        changes = refused == 1 if self.fickle == "changes" else 0
        offered = Value.cast(self.o.payload)
        m.d.comb += self.i.ready.eq(self.o.ready | ~self.o.valid)
        m.d.sync += [
            refused.eq(Mux(self.i.ready, 0, refused + 1)),
            self.o.valid.eq(Mux(self.i.ready, self.i.valid, stays)),
            offered.eq(Mux(self.i.ready, Value.cast(self.i.payload),
                           Mux(changes, ~offered, offered))),
        ]
        return m


def passed(dut, beats, *, i_gap, o_gap):
    """What comes out when ``beats`` go in, and how many cycles it took."""
    got, cycles, now = [], [], 0

    async def clock(ctx):
        nonlocal now
        async for _ in ctx.tick():
            now += 1

    async def producer(ctx):
        await send(ctx, dut.i, beats, gap=i_gap)
        assert not ctx.get(dut.i.valid)

    async def consumer(ctx):
        got.extend(await receive(ctx, dut.o, len(beats), gap=o_gap))
        cycles.append(now)

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_process(clock)
    sim.add_testbench(producer)
    sim.add_testbench(consumer)
    sim.run_until(1e-3)
    return got, cycles[0]


@pytest.mark.parametrize("i_gap", [0, 1, (0, 3, 0, 0, 2, 1, 0, 5, 0, 0)])
@pytest.mark.parametrize("o_gap", [0, 4])
def test_beats_arrive_in_order_as_plain_values(i_gap, o_gap):
    if isinstance(i_gap, tuple):
        i_gap = iter(i_gap).__next__
    got, _ = passed(Register(PAYLOAD), BEATS, i_gap=i_gap, o_gap=o_gap)
    assert got == BEATS


def test_no_gap_is_one_beat_per_cycle():
    got, cycles = passed(Register(8), list(range(100)), i_gap=0, o_gap=0)
    assert got == list(range(100))
    assert cycles <= 102


def test_gap_is_that_many_cycles():
    _, cycles = passed(Register(8), list(range(10)), i_gap=0, o_gap=3)
    assert 39 <= cycles <= 42


# The simulator complains of the testbench that the failing one leaves behind.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("fickle, message", [("withdraws", "withdrew the payload"),
                                             ("changes", "changed the payload")])
def test_an_offer_must_hold_still(fickle, message):
    with pytest.raises(AssertionError, match=message):
        passed(Register(8, fickle), [1, 2, 3], i_gap=0, o_gap=6)
    gc.collect()
