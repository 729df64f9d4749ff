# amaranth: UnusedElaboratable=no
"""Neurons in hardware against golden: exact at their thresholds, under any stalls; their cycles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.lif import LifLanes
from ir.ops import Lif, Reset
from tests.ops.ahead import BeforeRelay
from tests.ops.bench import check, check_timing, stalls, tensor
from tests.ops.neurons import currents

THRESHOLD = [1, 40, 59, 60]
OPS = {
    "tau 2": Lif(threshold=THRESHOLD),
    "soft reset": Lif(threshold=[5, 40, 41, 60], drive=2, reset=Reset.BY_THRESHOLD),
    "tau 1.5": Lif(threshold=[20, 33, 40, 60], drive=2, divisor=3),
    "tau 1.75": Lif(threshold=THRESHOLD, keep=3, drive=4, divisor=7, fraction_bits=2),
    "no leak": Lif(threshold=[1, 60, 90, 200], divisor=1, reset=Reset.BY_THRESHOLD),
    "tau 10": Lif(threshold=THRESHOLD, keep=9, divisor=10, fraction_bits=4),
    "no memory": Lif(threshold=[7, 20, 33, 60], keep=0, divisor=5),
}
# steps, block, lanes: the state's loop is closed with and without waiting
CUTS = [(1, 4, 2), (3, 4, 4), (3, 4, 1), (2, 2, 1)]
LEAKS = ((1, 1, 2), (1, 1, 1), (1, 2, 3), (1, 4, 5), (3, 4, 7), (9, 1, 10), (0, 1, 1), (0, 3, 7),
         (3, 3, 3), (13, 7, 13), (197, 59, 255), (1, 1, 12))


def near(op, kind, seed=1, images=3):
    """Currents near the thresholds, a time step's own where there are such."""
    by_step = np.broadcast_to(op.threshold, (kind.steps, op.channels))

    def reset(t, h):
        threshold = by_step[t][:, None, None]
        left = h - threshold if op.reset is Reset.BY_THRESHOLD else 0
        return np.where(h >= threshold, left, h)

    return currents(seed, kind, images, leak=(op.keep, op.drive << op.fraction_bits, op.divisor),
                    thresholds=by_step[None], reset=reset)


@pytest.mark.parametrize("op", OPS.values(), ids=OPS)
@pytest.mark.parametrize("cut", CUTS)
def test_matches_golden_under_stalls(op, cut):
    steps, block, lanes = cut
    kind = tensor(steps, 4, 2, 2, -60, 70)
    a = Layout(kind, block, lanes)
    check(LifLanes(op, a), op, {"i": (a, near(op, kind))}, in_gap=stalls(2), out_gap=stalls(3))


@settings(max_examples=40)
@given(leak=st.sampled_from(LEAKS) | st.tuples(st.integers(0, 3), st.integers(1, 40),
                                              st.integers(3, 40)),
       fraction_bits=st.integers(0, 3), reset=st.sampled_from(Reset), per_step=st.booleans(),
       cut=st.sampled_from(CUTS), low=st.integers(-90, 0), high=st.integers(1, 90),
       seed=st.integers(0, 1000))
def test_any_neuron_matches_golden(leak, fraction_bits, reset, per_step, cut, low, high, seed):
    steps, block, lanes = cut
    kind = tensor(steps, 4, 1, 2, low, high)
    keep, drive, divisor = leak
    shape = (steps, 4) if per_step else 4
    op = Lif(threshold=np.random.default_rng(seed).integers(1, 150, shape), keep=keep, drive=drive,
             divisor=divisor, fraction_bits=fraction_bits, reset=reset)
    a = Layout(kind, block, lanes)
    check(LifLanes(op, a), op, {"i": (a, near(op, kind, seed))},
          in_gap=stalls(seed), out_gap=stalls(seed + 1))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", ["tau 2", "tau 10", "no memory"])
def test_cycles_equal_the_cost_model(cut, name):
    steps, block, lanes = cut
    op, kind = OPS[name], tensor(steps, 4, 2, 2, -60, 70)
    a = Layout(kind, block, lanes)
    check_timing(LifLanes(op, a), op, {"i": (a, near(op, kind))})


def test_only_a_dear_division_takes_more_stages():
    """The usual neurons keep their short loop, one without a leak to remember has none."""
    a = Layout(tensor(4, 4, 1, 1, -60, 70), 2, 1)
    loops = {name: LifLanes(op, a).LOOP for name, op in OPS.items()}
    assert loops["tau 2"] == loops["soft reset"] == loops["no leak"] == 3
    assert 3 < loops["tau 10"] <= 6
    assert LifLanes(OPS["no memory"], a).timing(np.zeros((1, 4, 4, 1, 1))).pause == 0


@pytest.mark.parametrize("name", ["tau 2", "tau 10", "no memory"])
@pytest.mark.parametrize("seed", [0, 2, 4, 6])
def test_told_a_cycle_ahead_they_move_in_the_same_cycles(name, seed):
    op, kind = OPS[name], tensor(1, 4, 3, 3, -60, 70)
    a = Layout(kind, 4, 4)
    assert LifLanes(op, a).wide
    found = [check(BeforeRelay(LifLanes(op, a), told), op, {"i": (a, near(op, kind, seed))},
                   in_gap=stalls(seed) if seed else 0, out_gap=stalls(seed + 1) if seed else 0)
             for told in (False, True)]
    assert found[0] == found[1] and found[0].compared == 108


def test_only_beats_of_all_channels_are_told_ahead():
    assert not any(LifLanes(OPS["tau 2"], Layout(tensor(steps, 4, 2, 2, -60, 70), block, lanes)
                            ).wide for steps, block, lanes in CUTS)
