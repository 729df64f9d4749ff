# amaranth: UnusedElaboratable=no
"""Neurons of several levels in hardware against golden, at their thresholds; their cycles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.level_lif import LevelLifLanes
from ir.ops import LevelLif, Polarity
from tests.ops.bench import check, check_timing, stalls, tensor
from tests.ops.neurons import currents

FOUR = [[-3, 4, 9, 1], [10, 20, 19, 1], [20, 20, 31, 60], [38, 60, 59, 70]]
OPS = {
    "quantiser": LevelLif(threshold=FOUR, spacing=[0] * 4),
    "integer LIF": LevelLif(threshold=[[5, 10, 8, 1], [15, 30, 24, 3], [25, 50, 40, 5]],
                            spacing=[10, 20, 16, 2], keep=1, drive=4, divisor=4),
    "ternary": LevelLif(threshold=[[10, 33, 1, 60]], spacing=[10, 33, 1, 59], keep=1, drive=2,
                        divisor=2, polarity=Polarity.BOTH),
    "four both ways": LevelLif(threshold=[[9, 8, 7, 6], [19, 18, 17, 16], [29, 28, 27, 26],
                                          [39, 38, 37, 36]], spacing=[10, 9, 8, 7], keep=2, drive=3,
                               divisor=3, polarity=Polarity.BOTH),
}
# steps, block, lanes: the state's loop is closed with and without waiting
CUTS = [(1, 4, 2), (3, 4, 4), (3, 4, 1), (2, 2, 1)]


def near(op, kind, seed=1, images=3):
    """Currents near the thresholds, those below included."""
    thresholds = op.threshold
    if op.polarity is Polarity.BOTH:
        thresholds = np.concatenate([thresholds, 1 - thresholds])

    def reset(t, h):
        fired = (h >= op.threshold[:, None, :, None, None]).sum(0)
        if op.polarity is Polarity.BOTH:
            fired -= (-h >= op.threshold[:, None, :, None, None]).sum(0)
        return h - fired * op.spacing[:, None, None]

    return currents(seed, kind, images, leak=(op.keep, op.drive, op.divisor),
                    thresholds=np.repeat(thresholds[:, None], kind.steps, 1), reset=reset)


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
@pytest.mark.parametrize("cut", CUTS)
def test_matches_golden_under_stalls(op, cut):
    steps, block, lanes = cut
    kind = tensor(steps, 4, 2, 2, -60, 70)
    a = Layout(kind, block, lanes)
    check(LevelLifLanes(op, a), op, {"i": (a, near(op, kind))}, in_gap=stalls(2),
          out_gap=stalls(3))


@settings(max_examples=40)
@given(keep=st.integers(0, 4), drive=st.integers(1, 9), more=st.integers(0, 9),
       levels=st.integers(1, 8), polarity=st.sampled_from(Polarity), cut=st.sampled_from(CUTS),
       low=st.integers(-90, 40), length=st.integers(0, 150), seed=st.integers(0, 1000))
def test_any_neuron_matches_golden(keep, drive, more, levels, polarity, cut, low, length, seed):
    steps, block, lanes = cut
    kind = tensor(steps, 4, 1, 2, low, low + length)
    rng = np.random.default_rng(seed)
    lowest = 1 if polarity is Polarity.BOTH else -50
    op = LevelLif(threshold=np.sort(rng.integers(lowest, 90, (levels, 4)), 0),
                  spacing=rng.integers(0, 40, 4), keep=keep, drive=drive,
                  divisor=max(1, keep + more), polarity=polarity)
    a = Layout(kind, block, lanes)
    check(LevelLifLanes(op, a), op, {"i": (a, near(op, kind, seed))},
          in_gap=stalls(seed), out_gap=stalls(seed + 1))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", OPS)
def test_cycles_equal_the_cost_model(cut, name):
    steps, block, lanes = cut
    op, kind = OPS[name], tensor(steps, 4, 2, 2, -60, 70)
    a = Layout(kind, block, lanes)
    check_timing(LevelLifLanes(op, a), op, {"i": (a, near(op, kind))})


def test_the_data_fires_every_level():
    """What the tests above feed reaches all levels, both ways."""
    kind = tensor(3, 4, 2, 2, -60, 70)
    for op in OPS.values():
        x = near(op, kind)
        h = op.drive * x[:, 0] // op.divisor
        fired = (h >= op.threshold[:, None, :, None, None]).sum(0)
        assert set(np.unique(fired)) == set(range(op.levels + 1))
