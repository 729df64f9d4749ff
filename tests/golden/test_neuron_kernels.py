"""Kernels of neurons and of joins against the specs' docstrings, written out as loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden.ops import KERNELS
from ir.ops import (
    Concat,
    Gate,
    HeadSum,
    LevelLif,
    Lif,
    ParallelNeuron,
    Polarity,
    Reset,
    Slice,
)
from tests.golden.kernels import SPIKES, integers, run

LEAKS = st.sampled_from([(1, 1, 2), (1, 2, 3), (3, 4, 7), (1, 1, 1), (0, 1, 1), (0, 2, 3)])


@given(seed=st.integers(0, 999), steps=st.integers(1, 5), reset=st.sampled_from(Reset), leak=LEAKS,
       fraction_bits=st.integers(0, 3), per_step=st.booleans())
def test_lif(seed, steps, reset, leak, fraction_bits, per_step):
    keep, drive, divisor = leak
    threshold = integers(seed, 1, 9 << fraction_bits, *([steps, 3] if per_step else [3]))
    x = integers(seed, -20, 30, 2, steps, 3, 2, 2)
    op = Lif(threshold=threshold, keep=keep, drive=drive, divisor=divisor, reset=reset,
             fraction_bits=fraction_bits)
    expected = np.empty_like(x)
    for n, c, y, z in np.ndindex(2, 3, 2, 2):
        v = 0
        for t in range(steps):
            h = (keep * v + drive * int(x[n, t, c, y, z]) * 2**fraction_bits) // divisor
            at = int(threshold[t, c] if per_step else threshold[c])
            expected[n, t, c, y, z] = h >= at
            if h >= at:
                v = 0 if reset is Reset.TO_ZERO else h - at
            else:
                v = h
    assert (run(op, x) == expected).all()


@given(seed=st.integers(0, 999), steps=st.integers(1, 5), polarity=st.sampled_from(Polarity),
       leak=LEAKS, levels=st.integers(1, 4))
def test_level_lif(seed, steps, polarity, leak, levels):
    keep, drive, divisor = leak
    threshold = np.sort(integers(seed, 1 if polarity is Polarity.BOTH else -5, 20, levels, 3), 0)
    spacing = integers(seed, 0, 9, 3)
    x = integers(seed, -20, 30, 2, steps, 3, 2, 2)
    op = LevelLif(threshold=threshold, spacing=spacing, keep=keep, drive=drive, divisor=divisor,
                  polarity=polarity)
    expected = np.empty_like(x)
    for n, c, y, z in np.ndindex(2, 3, 2, 2):
        v = 0
        for t in range(steps):
            h = (keep * v + drive * int(x[n, t, c, y, z])) // divisor
            s = sum(h >= at for at in threshold[:, c])
            if polarity is Polarity.BOTH:
                s -= sum(-h >= at for at in threshold[:, c])
            expected[n, t, c, y, z] = s
            v = h - s * int(spacing[c])
    assert (run(op, x) == expected).all()


@given(seed=st.integers(0, 999), steps=st.integers(1, 4))
def test_parallel_neuron(seed, steps):
    x = integers(seed, -20, 30, 2, steps, 3, 2, 1)
    op = ParallelNeuron(weight=integers(seed, -3, 3, steps, steps),
                        threshold=integers(seed, -9, 9, steps, 3))
    expected = np.empty_like(x)
    for n, t, c, y, z in np.ndindex(expected.shape):
        h = sum(int(op.weight[t, s]) * int(x[n, s, c, y, z]) for s in range(steps))
        expected[n, t, c, y, z] = h >= op.threshold[t, c]
    assert (run(op, x) == expected).all()


@given(seed=st.integers(0, 999), gates=st.sampled_from([1, 2, 3, 6]), one=st.booleans())
def test_gate(seed, gates, one):
    x = integers(seed, -9, 9, 2, 2, 6, 2, 3)
    gate = integers(seed, 0, 1, 2, 2, gates, *((1, 1) if one else (2, 3)))
    expected = np.empty_like(x)
    for n, t, c, y, z in np.ndindex(expected.shape):
        at = (0, 0) if one else (y, z)
        expected[n, t, c, y, z] = x[n, t, c, y, z] if gate[n, t, c * gates // 6, *at] else 0
    assert (run(Gate(), x, gate) == expected).all()


def test_sums_and_parts_of_channels():
    x = integers(0, -99, 99, 2, 3, 6, 2, 2)
    heads = run(HeadSum(heads=2), x)
    assert (heads[:, :, 0] == x[:, :, 0] + x[:, :, 1] + x[:, :, 2]).all()
    assert (heads[:, :, 1] == x[:, :, 3] + x[:, :, 4] + x[:, :, 5]).all()
    assert (run(Slice(start=1, stop=5), x) == x[:, :, 1:5]).all()
    both = run(Concat(), x[:, :, :4], x[:, :, 4:])
    assert (both == x).all()


@pytest.mark.parametrize(("op", "inputs", "error", "message"), [
    (Lif(threshold=[1] * 6), [SPIKES.float()], TypeError, "Lif takes integers, not torch.float32"),
    (Lif(threshold=[[1] * 6] * 2), [SPIKES], ValueError,
     "Lif has thresholds of 2 time steps for 1"),
    (LevelLif(threshold=[[1]], spacing=[1]), [SPIKES], ValueError,
     "LevelLif has 1 thresholds for 6 channels"),
    (ParallelNeuron(weight=[[1]], threshold=[[1]]), [SPIKES], ValueError,
     "ParallelNeuron takes 1 time steps of 1 channels, not 1 of 6"),
    (Gate(), [SPIKES, SPIKES + 2], ValueError, "Gate takes spikes 0 and 1, not 2"),
    (Gate(), [SPIKES, SPIKES[:, :, :4]], ValueError,
     r"Gate of \[1, 1, 4, 2, 2\] does not fit \[1, 1, 6, 2, 2\]"),
    (Gate(), [SPIKES.expand(1, 2, 6, 2, 2), SPIKES], ValueError, "Gate of .* does not fit"),
    (Gate(), [SPIKES, SPIKES[..., :1]], ValueError, "Gate of .* does not fit"),
    (HeadSum(heads=4), [SPIKES], ValueError,
     "HeadSum of 4 heads takes a multiple of 4 channels, not 6"),
    (Slice(start=0, stop=7), [SPIKES], ValueError, "Slice takes channels up to 7 of 6"),
    (Concat(), [SPIKES, SPIKES[:, :, :, :1]], ValueError,
     "Concat takes two tensors alike but for their channels"),
])
def test_what_kernels_refuse(op, inputs, error, message):
    with pytest.raises(error, match=message):
        KERNELS[type(op)](op, *inputs)
