# amaranth: UnusedElaboratable=no
"""The shortcut's sum in hardware against golden, under any stalls; its cycles."""

import pytest

from hdl.layout import Layout
from hdl.ops.add import AddLanes
from ir.ops import Add
from tests.ops.bench import check, check_timing, draw, stalls, tensor

CUTS = [(1, 4, 2), (3, 4, 4), (3, 4, 1), (2, 2, 1)]
OP = Add()


def prepare(cut):
    steps, block, lanes = cut
    a = Layout(tensor(steps, 4, 2, 2, -60, 70), block, lanes)
    return AddLanes(OP, a, a), {"a": (a, draw(1, a.tensor, 3)), "b": (a, draw(2, a.tensor, 3))}


@pytest.mark.parametrize("cut", CUTS)
def test_matches_golden_under_stalls(cut):
    dut, inputs = prepare(cut)
    check(dut, OP, inputs, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    dut, inputs = prepare(cut)
    check_timing(dut, OP, inputs)


def test_streams_cut_differently_are_refused():
    kind = tensor(1, 4, 2, 2)
    with pytest.raises(ValueError, match="blocks of 4 in 2 lanes and blocks of 2 in 2 lanes"):
        AddLanes(OP, Layout(kind, 4, 2), Layout(kind, 2, 2))
