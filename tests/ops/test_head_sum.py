# amaranth: UnusedElaboratable=no
"""Sums over heads in hardware against golden, under any stalls; their cycles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.head_sum import HeadSumLanes
from ir.ops import HeadSum
from tests.ops.bench import check, check_timing, draw, stalls, tensor

# steps, channels, block, lanes, heads
CUTS = [(1, 4, 4, 2, 1), (3, 4, 2, 2, 2), (3, 8, 2, 1, 2), (2, 6, 1, 1, 2), (1, 4, 1, 1, 4),
        (4, 4, 1, 1, 4), (2, 16, 8, 8, 2), (1, 12, 2, 2, 2)]


def prepare(cut, low=-60, high=70, images=3, seed=1):
    steps, channels, block, lanes, heads = cut
    a = Layout(tensor(steps, channels, 2, 2, low, high), block, lanes)
    op = HeadSum(heads=heads)
    return HeadSumLanes(op, a), op, {"i": (a, draw(seed, a.tensor, images))}


@pytest.mark.parametrize("cut", CUTS)
def test_matches_golden_under_stalls(cut):
    check(*prepare(cut), in_gap=stalls(2), out_gap=stalls(3))


@settings(max_examples=25)
@given(steps=st.integers(1, 4), heads=st.integers(1, 3), blocks=st.integers(1, 3),
       groups=st.integers(1, 3), lanes=st.integers(1, 6), low=st.integers(-9, 0),
       high=st.integers(1, 9), seed=st.integers(0, 1000))
def test_any_sum_matches_golden(steps, heads, blocks, groups, lanes, low, high, seed):
    block = groups * lanes
    cut = steps, heads * blocks * block, block, lanes, heads
    check(*prepare(cut, low, high, 2, seed), in_gap=stalls(seed), out_gap=stalls(seed + 1))


@pytest.mark.parametrize("interval", [(0, 1), (-8, 7)])
def test_the_extremes_fit(interval):
    dut, op, inputs = prepare((2, 16, 8, 4, 2), *interval)
    a, images = inputs["i"]
    for value in interval:
        check(dut, op, {"i": (a, images * 0 + value)})


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    check_timing(*prepare(cut))


def test_a_block_across_heads_is_refused():
    with pytest.raises(ValueError, match="takes blocks that divide the 2 channels of a head, not "
                                         "blocks of 4"):
        HeadSumLanes(HeadSum(heads=2), Layout(tensor(1, 4, 2, 2), 4, 2))
