"""Sum pooling in hardware against golden: any window, any cut, any stalls; its cycles."""

import pytest

from hdl.ops.sum_pool import SumPoolLanes
from ir.ops import SumPool
from tests.ops.bench import check, check_timing, draw, stalls
from tests.ops.windows import CUTS, WINDOWS, layout

KINDS = {"spikes": (0, 1), "currents": (-9, 12), "above zero": (3, 8), "below zero": (-8, -3)}


def prepare(window, shape, cut, kind):
    kernel, stride, padding = window
    op = SumPool(kernel=kernel, stride=stride, padding=padding)
    a = layout(shape, cut, *kind)
    # Every value the greatest or the least at times: the sums reach their ends.
    images = draw(1, a.tensor, 3)
    images[1], images[2] = kind
    return SumPoolLanes(op, a), op, {"i": (a, images)}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_matches_golden_under_stalls(window, kind):
    dut, op, inputs = prepare(*window, (4, 2), kind)
    check(dut, op, inputs, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_cycles_equal_the_cost_model(window):
    for cut in CUTS:
        check_timing(*prepare(*window, cut, (0, 1)))
        check_timing(*prepare(*window, cut, (0, 1)), pause=200)


@pytest.mark.parametrize("gap", [40, 90])
def test_slow_input_never_locks_up(gap):
    """Rows that windows skip are forgotten before they came."""
    dut, op, inputs = prepare((1, 2, 0), (1, 4, 4, 4), (4, 4), (0, 1))
    check(dut, op, inputs, in_gap=gap)


def test_slow_output_holds_the_input_back():
    dut, op, inputs = prepare((2, 2, 0), (1, 4, 4, 4), (4, 2), (0, 1))
    check(dut, op, inputs, out_gap=25)
