# amaranth: UnusedElaboratable=no
"""Slices in hardware against golden, under any stalls; their cycles."""

import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.slice import SliceLanes
from ir.ops import Slice
from tests.ops.bench import check, check_timing, draw, stalls, tensor

# steps, channels, block, lanes, start, stop
CUTS = [(1, 4, 2, 2, 0, 2), (3, 4, 2, 1, 2, 4), (2, 6, 2, 1, 2, 4), (1, 4, 4, 2, 0, 4),
        (2, 8, 2, 2, 0, 6), (1, 3, 1, 1, 1, 2), (1, 7, 7, 7, 2, 5), (2, 5, 5, 5, 0, 3)]
"""The last ones with all channels in a beat."""


def prepare(cut, images=3, seed=1):
    steps, channels, block, lanes, start, stop = cut
    a = Layout(tensor(steps, channels, 2, 2, -60, 70), block, lanes)
    op = Slice(start=start, stop=stop)
    return SliceLanes(op, a), op, {"i": (a, draw(seed, a.tensor, images))}


@pytest.mark.parametrize("cut", CUTS)
def test_matches_golden_under_stalls(cut):
    check(*prepare(cut), in_gap=stalls(2), out_gap=stalls(3))


@settings(max_examples=25)
@given(steps=st.integers(1, 3), groups=st.integers(1, 3), lanes=st.integers(1, 3),
       before=st.integers(0, 2), passed=st.integers(1, 3), behind=st.integers(0, 2),
       seed=st.integers(0, 1000))
def test_any_slice_matches_golden(steps, groups, lanes, before, passed, behind, seed):
    block = groups * lanes
    cut = (steps, (before + passed + behind) * block, block, lanes, before * block,
           (before + passed) * block)
    check(*prepare(cut, 3, seed), in_gap=stalls(seed), out_gap=stalls(seed + 1))


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    check_timing(*prepare(cut))


def test_dropped_beats_do_not_wait_for_the_output():
    """Else a slice that is stalled would hold up its neighbours, who need the beats it drops."""
    dut, *_ = prepare((1, 4, 1, 1, 0, 1))
    taken = []

    async def bench(ctx):
        ctx.set(dut.i.valid, 1)
        for _ in range(12):
            taken.append(ctx.get(dut.i.ready))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert taken == [1] * 4 + [0] * 8


@pytest.mark.parametrize(("start", "stop"), [(1, 4), (2, 3)])
def test_a_block_across_an_end_is_refused(start, stop):
    with pytest.raises(ValueError, match=f"takes blocks that divide {start} and {stop}, "
                                         "not blocks of 2"):
        SliceLanes(Slice(start=start, stop=stop), Layout(tensor(1, 4, 2, 2), 2, 2))
