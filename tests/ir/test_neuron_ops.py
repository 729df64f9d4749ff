"""Neurons, and the small operators that join and part channels: what their specs say and refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir import Interval, TensorType
from ir.ops import Concat, Gate, HeadSum, LevelLif, Lif, ParallelNeuron, Polarity, Reset, Slice


def tensor(channels: int = 2, steps: int = 2, size: int = 3, low: int = 0,
           high: int = 1) -> TensorType:
    return TensorType(steps=steps, channels=channels, height=size, width=size,
                      interval=Interval(low, high))


def lif(**changes) -> Lif:
    return Lif(**{"threshold": [1, 2], **changes})


def level_lif(**changes) -> LevelLif:
    return LevelLif(**{"threshold": [[1, 2], [3, 2]], "spacing": [2, 2], **changes})


def parallel(**changes) -> ParallelNeuron:
    return ParallelNeuron(**{"weight": [[1, 0], [2, -3]], "threshold": [[1, 2], [3, -2]],
                             **changes})


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: lif(threshold=[0]), ValueError, "Lif threshold must be at least 1, not 0"),
    (lambda: lif(threshold=[0.5]), TypeError, "Lif threshold must be integers, not float64"),
    (lambda: lif(threshold=[[[1]]]), ValueError, "Lif threshold must have 1 or 2 axes, not 3"),
    (lambda: lif(threshold=np.zeros((0, 2), int)), ValueError, "Lif threshold is empty"),
    (lambda: lif(reset="zero"), TypeError, "Lif reset must be a Reset, not 'zero'"),
    (lambda: lif(keep=3), ValueError,
     "Lif keeps 3/2 of its potential, which is not between 0 and 1"),
    (lambda: lif(keep=-1), ValueError, "Lif keeps -1/2 of its potential, which is not between"),
    (lambda: lif(keep=0, divisor=0), ValueError, "Lif keeps 0/0 of its potential, which is not"),
    (lambda: lif(drive=0), ValueError, "Lif drive must be at least 1, not 0"),
    (lambda: lif(fraction_bits=-1), ValueError, "Lif fraction_bits must be 0 to 16, not -1"),
    (lambda: lif(fraction_bits=17), ValueError, "Lif fraction_bits must be 0 to 16, not 17"),
    (lambda: level_lif(threshold=[1, 2]), ValueError, "LevelLif threshold must have 2 axes, not 1"),
    (lambda: level_lif(threshold=[[.5]]), TypeError, "LevelLif threshold must be integers, not fl"),
    (lambda: level_lif(spacing=[[2]]), ValueError, "LevelLif spacing must have 1 axes, not 2"),
    (lambda: level_lif(polarity=1), TypeError, "LevelLif polarity must be a Polarity, not 1"),
    (lambda: level_lif(threshold=[[1, 3], [3, 2]]), ValueError,
     "LevelLif thresholds must not decrease from level to level"),
    (lambda: level_lif(threshold=[[0, 1]], polarity=Polarity.BOTH), ValueError,
     "LevelLif threshold must be at least 1 to fire both ways, not 0"),
    (lambda: level_lif(spacing=[1]), ValueError, "LevelLif spacing has 1 values for 2 channels"),
    (lambda: level_lif(spacing=[1, -1]), ValueError,
     "LevelLif spacing must not be negative, not -1"),
    (lambda: level_lif(keep=2), ValueError,
     "LevelLif keeps 2/1 of its potential, which is not between 0 and 1"),
    (lambda: level_lif(drive=0), ValueError, "LevelLif drive must be at least 1, not 0"),
    (lambda: parallel(weight=[1]), ValueError, "ParallelNeuron weight must have 2 axes, not 1"),
    (lambda: parallel(weight=[[.5]]), TypeError, "ParallelNeuron weight must be integers, not fl"),
    (lambda: parallel(threshold=[1]), ValueError, "ParallelNeuron threshold must have 2 axes"),
    (lambda: parallel(weight=[[1, 2]]), ValueError,
     "ParallelNeuron weight must be square, not 1x2"),
    (lambda: parallel(threshold=[[1]]), ValueError,
     "ParallelNeuron has thresholds of 1 time steps for 2"),
    (lambda: HeadSum(heads=0), ValueError, "HeadSum heads must be at least 1, not 0"),
    (lambda: Slice(start=2, stop=2), ValueError,
     "Slice takes channels 2 up to 2, which are none"),
    (lambda: Slice(start=-1, stop=2), ValueError, "Slice takes channels -1 up to 2, which are"),
])
def test_specs_are_checked(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(("op", "inputs", "message"), [
    (lif(), [tensor(3)], "Lif has 2 thresholds for 3 channels"),
    (lif(threshold=[[1, 2]]), [tensor()], "Lif has thresholds of 1 time steps for 2"),
    (level_lif(), [tensor(3)], "LevelLif has 2 thresholds for 3 channels"),
    (parallel(), [tensor(3)],
     "ParallelNeuron takes 2 time steps of 2 channels, not 2 of 3"),
    (parallel(), [tensor(steps=3)],
     "ParallelNeuron takes 2 time steps of 2 channels, not 3 of 2"),
    (Gate(), [tensor(), tensor(high=2)], r"Gate takes spikes as its gate, not 0\.\.2"),
    (Gate(), [tensor(4), tensor(3)], r"Gate of \(2, 3, 3, 3\) does not fit \(2, 4, 3, 3\)"),
    (Gate(), [tensor(4), tensor(4, steps=1)], r"Gate of \(1, 4, 3, 3\) does not fit"),
    (Gate(), [tensor(4), tensor(4, size=2)], r"Gate of \(2, 4, 2, 2\) does not fit"),
    (HeadSum(heads=2), [tensor(3)], "HeadSum of 2 heads takes a multiple of 2 channels, not 3"),
    (Slice(start=1, stop=4), [tensor(3)], "Slice takes channels up to 4 of 3"),
    (Concat(), [tensor(), tensor(size=2)], "Concat takes two tensors of one map and as many steps"),
    (Concat(), [tensor(), tensor(steps=1)], "Concat takes two tensors of one map and as many st"),
])
def test_inputs_are_checked(op, inputs, message):
    with pytest.raises(ValueError, match=message):
        op.output(*inputs)


def test_shapes_and_intervals():
    current = tensor(low=-5, high=9)
    assert lif().output(current) == tensor()
    assert level_lif().output(current).interval == Interval(0, 2)
    assert level_lif(polarity=Polarity.BOTH).output(current).interval == Interval(-2, 2)
    assert parallel().output(current) == tensor()
    assert Gate().output(tensor(4, low=3, high=9), tensor(2, size=1)) == tensor(4, high=9)
    assert Gate().output(tensor(4, low=-3, high=-1), tensor(4)) == tensor(4, low=-3, high=0)
    assert HeadSum(heads=2).output(tensor(6, low=-1, high=2)) == tensor(2, low=-3, high=6)
    assert Slice(start=1, stop=3).output(tensor(4, low=-9)) == tensor(low=-9)
    assert Concat().output(tensor(4, low=-9), tensor(high=7)) == tensor(6, low=-9, high=7)


def reached(keep: int, drive: int, divisor: int, currents: list[int], settle) -> list[int]:
    """All ``h`` and ``v`` of a neuron; ``settle(t, h)`` is its next ``v``."""
    found, v = [], 0
    for t, x in enumerate(currents):
        h = (keep * v + drive * x) // divisor
        v = settle(t, h)
        found += [h, v]
    return found


LEAKS = st.integers(0, 9).flatmap(lambda keep: st.tuples(
    st.just(keep), st.integers(1, 3), st.integers(max(1, keep), keep + 9)))
CURRENTS = st.lists(st.sampled_from((-30, 30)) | st.integers(-30, 30), min_size=1, max_size=20)


@given(CURRENTS, LEAKS, st.integers(0, 4), st.booleans(), st.sampled_from(Reset),
       st.integers(0, 999))
def test_membranes_stay_in_their_interval(currents, leak, fraction_bits, per_step, reset, seed):
    keep, drive, divisor = leak
    steps = len(currents)
    thresholds = np.random.default_rng(seed).integers(1, 40 << fraction_bits,
                                                      (steps, 2) if per_step else 2)
    op = lif(threshold=thresholds, keep=keep, drive=drive, divisor=divisor, reset=reset,
             fraction_bits=fraction_bits)
    inside = op.potential(tensor(steps=steps, low=min(currents), high=max(currents)))
    for channel in range(2):
        threshold = np.broadcast_to(thresholds, (steps, 2))[:, channel]

        def settle(t, h, threshold=threshold):
            if h < threshold[t]:
                return h
            return 0 if reset is Reset.TO_ZERO else h - int(threshold[t])

        found = reached(keep, drive << fraction_bits, divisor, currents, settle)
        assert all(inside.low <= value <= inside.high for value in found)


@given(CURRENTS, LEAKS, st.integers(1, 4), st.sampled_from(Polarity), st.integers(0, 999))
def test_levels_stay_in_their_interval(currents, leak, levels, polarity, seed):
    keep, drive, divisor = leak
    rng = np.random.default_rng(seed)
    low = 1 if polarity is Polarity.BOTH else -30
    threshold = np.sort(rng.integers(low, 40, (levels, 2)), 0)
    spacing = rng.integers(0, 30, 2)
    op = level_lif(threshold=threshold, spacing=spacing, keep=keep, drive=drive, divisor=divisor,
                   polarity=polarity)
    inside = op.potential(tensor(steps=len(currents), low=min(currents), high=max(currents)))
    for channel in range(2):
        def settle(t, h, channel=channel):
            fired = sum(h >= threshold[:, channel])
            if polarity is Polarity.BOTH:
                fired -= sum(-h >= threshold[:, channel])
            return int(h - fired * spacing[channel]) if keep else 0

        found = reached(keep, drive, divisor, currents, settle)
        assert all(inside.low <= value <= inside.high for value in found)


def test_an_interval_is_no_wider_than_it_must_be():
    current = tensor(steps=3, low=-4, high=10)
    assert lif(threshold=[12, 12]).potential(current) == Interval(-4, 8)
    assert lif(threshold=[12, 5], divisor=1).potential(current) == Interval(-12, 21)
    soft = lif(threshold=[4, 9], divisor=1, reset=Reset.BY_THRESHOLD)
    assert soft.potential(current) == Interval(-12, 24)
    assert lif(threshold=[1, 1], keep=0, fraction_bits=2).potential(current) == Interval(-8, 20)
    levels = level_lif(threshold=[[5, 5]], spacing=[7, 7], keep=1)
    assert levels.potential(current) == Interval(-12, 17)


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=3), st.integers(0, 999))
def test_sums_over_time_stay_in_their_interval(currents, seed):
    weight = np.random.default_rng(seed).integers(-9, 10, (3, 3))
    op = parallel(weight=weight, threshold=np.zeros((3, 2), int))
    inside = op.potential(tensor(steps=3, low=min(currents), high=max(currents)))
    for row in weight:
        for end in range(4):
            assert inside.low <= row[:end] @ currents[:end] <= inside.high


def test_a_sum_over_time_reaches_its_interval():
    op = parallel(weight=[[1, 0], [2, -3]])
    assert op.potential(tensor(low=-4, high=10)) == Interval(-8 - 30, 20 + 12)
