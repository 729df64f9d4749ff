# amaranth: UnusedElaboratable=no
"""Two tensors side by side in hardware against golden, under any stalls; their cycles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.concat import ConcatLanes
from ir.ops import Concat
from tests.ops.bench import check, check_timing, draw, stalls, tensor

OP = Concat()
# steps, block, lanes, blocks of either
CUTS = [(1, 2, 2, 1, 1), (3, 2, 1, 2, 1), (2, 1, 1, 1, 3), (1, 1, 1, 1, 1), (2, 4, 2, 2, 2)]
INTERVALS = [((-60, 70), (0, 1)), ((0, 1), (-3, 2)), ((0, 200), (-3, 2)), ((0, 3), (0, 9))]


def prepare(cut, intervals=INTERVALS[0], images=3, seed=1):
    steps, block, lanes, *blocks = cut
    a, b = (Layout(tensor(steps, count * block, 2, 2, *ends), block, lanes)
            for count, ends in zip(blocks, intervals, strict=True))
    return ConcatLanes(OP, a, b), OP, {"a": (a, draw(seed, a.tensor, images, rate=0.8)),
                                       "b": (b, draw(seed + 1, b.tensor, images, rate=0.8))}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("intervals", INTERVALS)
def test_matches_golden_under_stalls(cut, intervals):
    check(*prepare(cut, intervals), in_gap=stalls(2), out_gap=stalls(3))


@settings(max_examples=20)
@given(steps=st.integers(1, 3), groups=st.integers(1, 3), lanes=st.integers(1, 3),
       blocks=st.tuples(st.integers(1, 3), st.integers(1, 3)),
       intervals=st.sampled_from(INTERVALS), seed=st.integers(0, 1000))
def test_any_two_match_golden(steps, groups, lanes, blocks, intervals, seed):
    check(*prepare((steps, groups * lanes, lanes, *blocks), intervals, 3, seed),
          in_gap=stalls(seed), out_gap=stalls(seed + 1))


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    check_timing(*prepare(cut))


@pytest.mark.parametrize("steps", [1, 3])
def test_beats_of_all_channels_are_joined(steps):
    a, b = (Layout.of_whole(tensor(steps, channels, 2, 2, -3, 2)) for channels in (3, 5))
    dut = ConcatLanes(OP, a, b)
    assert dut.out.whole and dut.out.lanes == 8
    inputs = {"a": (a, draw(1, a.tensor, 4)), "b": (b, draw(2, b.tensor, 4))}
    check(dut, OP, inputs, in_gap=stalls(2), out_gap=stalls(3))
    check_timing(dut, OP, inputs)
    cycles = check(dut, OP, inputs).cycles
    assert cycles == list(range(cycles[0], cycles[0] + 16 * steps))


def test_streams_cut_differently_are_refused():
    kind = tensor(1, 4, 2, 2)
    with pytest.raises(ValueError, match="blocks of 4 in 2 lanes and blocks of 2 in 2 lanes"):
        ConcatLanes(OP, Layout(kind, 4, 2), Layout(kind, 2, 2))
