import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir import Interval, TensorType
from ir.ops import (
    Add,
    Conv,
    MaskAttention,
    Repeat,
    SelfAttention,
    TimeSum,
    TokenSum,
)
from tests.ir.graphs import random_conv


def tensor(channels: int = 2, steps: int = 2, size: int = 3, low: int = 0,
           high: int = 1) -> TensorType:
    return TensorType(steps=steps, channels=channels, height=size, width=size,
                      interval=Interval(low, high))


def conv(**changes) -> Conv:
    return Conv(**{"weight": np.zeros((3, 2, 1, 1), int), "bias": np.zeros(3, int),
                   "shift": np.zeros(3, int), "weight_bits": 4, **changes})


@pytest.mark.parametrize(("changes", "error", "message"), [
    ({"weight": np.zeros((3, 2, 1, 1))}, TypeError, "Conv weight must be integers, not float64"),
    ({"weight": np.zeros((3, 2), int)}, ValueError, "Conv weight must have 4 axes, not 2"),
    ({"weight": np.zeros((3, 0, 1, 1), int)}, ValueError, "Conv weight is empty"),
    ({"weight": np.zeros((3, 2, 1, 3), int)}, ValueError, "Conv kernel must be square, not 1x3"),
    ({"bias": [0.5] * 3}, TypeError, "Conv bias must be integers, not float64"),
    ({"bias": [0] * 2}, ValueError, "Conv bias has 2 values for 3 output channels"),
    ({"shift": [0] * 4}, ValueError, "Conv shift has 4 values for 3 output channels"),
    ({"shift": [0, -1, 0]}, ValueError, "Conv shift must not be negative, not -1"),
    ({"weight_bits": 0}, ValueError, "Conv weight_bits must be 1 to 16, not 0"),
    ({"weight": np.full((3, 2, 1, 1), -9)}, ValueError,
     r"Conv weight -9 is outside -8\.\.7, the range of 4 bits"),
    ({"weight": np.full((3, 2, 1, 1), 8)}, ValueError, r"Conv weight 8 is outside -8\.\.7"),
    ({"stride": 0}, ValueError, "Conv stride must be at least 1, not 0"),
    ({"padding": 1}, ValueError, "Conv padding must be 0 to 0, not 1"),
])
def test_conv_is_checked(changes, error, message):
    with pytest.raises(error, match=message):
        conv(**changes)


@pytest.mark.parametrize(("op", "inputs", "message"), [
    (conv(), tensor(3), "Conv takes 2 channels, not 3"),
    (conv(pad_value=2), tensor(2), r"Conv pad_value 2 is outside 0\.\.1, the interval of its"),
    (conv(weight=np.zeros((3, 2, 5, 5), int)), tensor(2),
     "Conv kernel 5 is larger than its 3x3 input with padding 0"),
    (MaskAttention(), tensor(3, high=2), r"MaskAttention takes spikes, not 0\.\.2"),
    (MaskAttention(), tensor(4), "which 4 channels are not: not a multiple of 3"),
    (SelfAttention(heads=2), tensor(9), "2 heads, which 9 channels are not: not a multiple of 6"),
    (Repeat(steps=2), tensor(steps=2), "Repeat takes one time step, not 2"),
])
def test_inputs_are_checked(op, inputs, message):
    with pytest.raises(ValueError, match=message):
        op.output(inputs)


def test_add_takes_one_shape():
    with pytest.raises(ValueError, match="Add takes two tensors of one shape"):
        Add().output(tensor(2), tensor(3))


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: Repeat(steps=0), ValueError, "Repeat steps must be at least 1, not 0"),
    (lambda: SelfAttention(heads=0), ValueError, "SelfAttention heads must be at least 1, not 0"),
])
def test_other_specs_are_checked(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_shapes_and_intervals():
    spikes = tensor(6, steps=4, size=3)
    assert MaskAttention().output(spikes).shape == (4, 2, 3, 3)
    assert SelfAttention().output(spikes).interval == Interval(0, 9 * 2)
    assert SelfAttention(heads=2).head_channels(spikes) == 1
    assert TimeSum().output(spikes).interval == Interval(0, 4)
    assert TimeSum().output(spikes).shape == (1, 6, 3, 3)
    assert TokenSum().output(tensor(low=-2, high=1)).interval == Interval(-18, 9)
    assert Repeat(steps=5).output(tensor(steps=1)).steps == 5
    assert Add().output(tensor(low=-2), tensor(high=4)).interval == Interval(-2, 5)


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2),
       st.integers(1, 4))
def test_conv_interval_is_reached_and_never_left(seed, kernel, stride, padding, high):
    """The extreme inputs of each channel give exactly the ends that the spec derives."""
    rng = np.random.default_rng(seed)
    padding = min(padding, kernel - 1)
    op = random_conv(rng, 2, 3, kernel, padding=padding, stride=stride)
    interval = op.output(tensor(2, size=kernel, high=high)).interval
    ends = [[(np.where(w > 0, a, b) * w).sum() * 2**s + bias
             for w, s, bias in zip(op.weight, op.shift, op.bias, strict=True)]
            for a, b in ((0, high), (high, 0))]
    assert interval == Interval(int(min(ends[0])), int(max(ends[1])))
    inner = op.accumulator(Interval(0, high))
    assert inner.low <= 0 <= inner.high
