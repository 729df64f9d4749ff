"""Enlargement in hardware against golden, under any stalls; its cycles."""

import pytest

from hdl.layout import Layout
from hdl.ops.upsample import UpsampleLanes
from ir.ops import Upsample
from tests.ops.bench import check, check_timing, draw, stalls, tensor

# factor; steps, height, width; block, lanes
CASES = [(1, (2, 2, 3), (4, 2)), (2, (1, 2, 3), (4, 4)), (2, (2, 3, 2), (2, 1)),
         (3, (1, 2, 2), (4, 2)), (2, (1, 3, 1), (4, 4)), (4, (1, 1, 1), (4, 1)),
         (1, (1, 2, 1), (4, 4))]


def prepare(case):
    factor, (steps, height, width), cut = case
    op = Upsample(factor=factor)
    a = Layout(tensor(steps, 4, height, width, -9, 12), *cut)
    return UpsampleLanes(op, a), op, {"i": (a, draw(1, a.tensor, 3))}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("out_gap", [0, 4])
def test_matches_golden_under_stalls(case, out_gap):
    dut, op, inputs = prepare(case)
    check(dut, op, inputs, in_gap=stalls(2), out_gap=out_gap or stalls(3))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("pause", [0, 150])
def test_cycles_equal_the_cost_model(case, pause):
    check_timing(*prepare(case), pause=pause)


def test_takes_a_beat_per_cycle():
    dut, op, inputs = prepare((2, (2, 2, 3), (4, 2)))
    cycles = check(dut, op, inputs).cycles
    assert cycles == list(range(cycles[0], cycles[0] + 3 * dut.out.image_beats))
    assert dut.timing(inputs["i"][1]).service() == dut.out.image_beats


def test_slow_input_is_waited_for():
    dut, op, inputs = prepare((2, (1, 2, 2), (4, 4)))
    check(dut, op, inputs, in_gap=30)
