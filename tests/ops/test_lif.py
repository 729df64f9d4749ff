"""Neurons in hardware against golden: exact at their thresholds, under any stalls; their cycles."""

import pytest

from hdl.layout import Layout
from hdl.ops.lif import LifLanes
from ir.ops import Lif, Reset
from tests.ops.bench import check, check_timing, draw, stalls, tensor

OPS = {
    "tau 2": Lif(threshold=[1, 40, 59, 60]),
    "soft reset": Lif(threshold=[5, 40, 41, 60], drive=2, reset=Reset.BY_THRESHOLD),
    "tau 1.5": Lif(threshold=[20, 33, 40, 60], drive=2, divisor=3),
}
# steps, block, lanes: the state's loop is closed with and without waiting
CUTS = [(1, 4, 2), (3, 4, 4), (3, 4, 1), (2, 2, 1)]


def near(op):
    """Currents that reach a threshold exactly, or miss it by one."""
    return tuple(current for t in op.threshold.tolist()
                 for current in (2 * t, 2 * t - 1, t, t - 1) if current <= 70)


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
@pytest.mark.parametrize("cut", CUTS)
def test_matches_golden_under_stalls(op, cut):
    steps, block, lanes = cut
    kind = tensor(steps, 4, 2, 2, -60, 70)
    a = Layout(kind, block, lanes)
    check(LifLanes(op, a), op, {"i": (a, draw(1, kind, 3, special=near(op)))},
          in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    steps, block, lanes = cut
    kind = tensor(steps, 4, 2, 2, -60, 70)
    a = Layout(kind, block, lanes)
    check_timing(LifLanes(OPS["tau 2"], a), OPS["tau 2"], {"i": (a, draw(1, kind, 3))})
