"""Sums over tokens in hardware against golden, under any stalls; their cycles."""

import pytest

from hdl.layout import Layout
from hdl.ops.token_sum import TokenSumLanes
from ir.ops import TokenSum
from tests.ops.bench import check, check_timing, draw, stalls, tensor

# steps, channels, block, lanes; the last takes a memory whose words come late
CUTS = [(1, 4, 4, 2), (3, 4, 4, 4), (3, 4, 4, 1), (2, 4, 2, 1), (2, 128, 32, 8)]
OP = TokenSum()


def prepare(cut):
    steps, channels, block, lanes = cut
    a = Layout(tensor(steps, channels, 2, 2, -60, 70), block, lanes)
    return TokenSumLanes(OP, a), {"i": (a, draw(1, a.tensor, 3))}


@pytest.mark.parametrize("cut", CUTS)
def test_matches_golden_under_stalls(cut):
    dut, inputs = prepare(cut)
    check(dut, OP, inputs, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    dut, inputs = prepare(cut)
    check_timing(dut, OP, inputs)
