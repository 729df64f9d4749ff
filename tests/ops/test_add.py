# amaranth: UnusedElaboratable=no
"""The shortcut's sum in hardware against golden, under any stalls; its cycles."""

import pytest

from hdl.layout import Layout
from hdl.ops.add import AddLanes
from ir.ops import Add
from tests.ops.ahead import BeforeRelay
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


@pytest.mark.parametrize("seed", [0, 2, 4, 6])
def test_told_a_cycle_ahead_it_moves_in_the_same_cycles(seed):
    found = []
    for told in (False, True):
        dut, inputs = prepare((1, 4, 4))
        assert dut.wide
        found.append(check(BeforeRelay(dut, told), OP, inputs, in_gap=stalls(seed) if seed else 0,
                           out_gap=stalls(seed + 1) if seed else 0))
    assert found[0] == found[1] and found[0].compared == 48


def test_only_beats_of_all_channels_are_told_ahead():
    assert not any(prepare(cut)[0].wide for cut in CUTS)


def test_streams_cut_differently_are_refused():
    kind = tensor(1, 4, 2, 2)
    with pytest.raises(ValueError, match="blocks of 4 in 2 lanes and blocks of 2 in 2 lanes"):
        AddLanes(OP, Layout(kind, 4, 2), Layout(kind, 2, 2))
