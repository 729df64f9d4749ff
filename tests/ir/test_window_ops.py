"""Operators on windows of a map: what they refuse, and the shapes and intervals they derive."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir import Interval, TensorType
from ir.ops import DepthwiseConv, MaxPool, SumPool, Upsample


def tensor(channels: int = 2, size: int = 3, low: int = 0, high: int = 1) -> TensorType:
    return TensorType(steps=2, channels=channels, height=size, width=size + 1,
                      interval=Interval(low, high))


def depthwise(**changes) -> DepthwiseConv:
    return DepthwiseConv(**{"weight": np.zeros((3, 2, 2), int), "bias": np.zeros(3, int),
                            "shift": np.zeros(3, int), "weight_bits": 4, **changes})


@pytest.mark.parametrize(("changes", "error", "message"), [
    ({"weight": np.zeros((3, 2, 2))}, TypeError,
     "DepthwiseConv weight must be integers, not float64"),
    ({"weight": np.zeros((3, 1, 2, 2), int)}, ValueError,
     "DepthwiseConv weight must have 3 axes, not 4"),
    ({"weight": np.zeros((0, 2, 2), int)}, ValueError, "DepthwiseConv weight is empty"),
    ({"weight": np.zeros((3, 1, 2), int)}, ValueError,
     "DepthwiseConv kernel must be square, not 1x2"),
    ({"bias": [0.5] * 3}, TypeError, "DepthwiseConv bias must be integers, not float64"),
    ({"bias": [0] * 2}, ValueError, "DepthwiseConv bias has 2 values for 3 channels"),
    ({"shift": [0] * 4}, ValueError, "DepthwiseConv shift has 4 values for 3 channels"),
    ({"shift": [0, -1, 0]}, ValueError, "DepthwiseConv shift must not be negative, not -1"),
    ({"weight_bits": 0}, ValueError, "DepthwiseConv weight_bits must be 1 to 16, not 0"),
    ({"weight_bits": 17}, ValueError, "DepthwiseConv weight_bits must be 1 to 16, not 17"),
    ({"weight": np.full((3, 2, 2), -9)}, ValueError,
     r"DepthwiseConv weight -9 is outside -8\.\.7, the range of 4 bits"),
    ({"weight": np.full((3, 2, 2), 8)}, ValueError,
     r"DepthwiseConv weight 8 is outside -8\.\.7, the range of 4 bits"),
    ({"stride": 0}, ValueError, "DepthwiseConv stride must be at least 1, not 0"),
    ({"padding": 2}, ValueError, "DepthwiseConv padding must be 0 to 1, not 2"),
])
def test_depthwise_conv_is_checked(changes, error, message):
    with pytest.raises(error, match=message):
        depthwise(**changes)


@pytest.mark.parametrize("op", [MaxPool, SumPool])
@pytest.mark.parametrize(("window", "message"), [
    ({"kernel": 0}, "kernel must be at least 1, not 0"),
    ({"kernel": 2, "stride": 0}, "stride must be at least 1, not 0"),
    ({"kernel": 2, "padding": 2}, "padding must be 0 to 1, not 2"),
    ({"kernel": 2, "padding": -1}, "padding must be 0 to 1, not -1"),
])
def test_windows_are_checked(op, window, message):
    with pytest.raises(ValueError, match=f"^{op.__name__} {message}$"):
        op(**window)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: MaxPool(kernel=3, padding=2),
     "MaxPool padding must be at most half of its kernel 3, not 2"),
    (lambda: Upsample(factor=0), "Upsample factor must be at least 1, not 0"),
])
def test_other_specs_are_checked(make, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()


@pytest.mark.parametrize(("op", "inputs", "message"), [
    (depthwise(), tensor(2), "DepthwiseConv takes 3 channels, not 2"),
    (depthwise(), tensor(3, size=1),
     "DepthwiseConv kernel 2 is larger than its 1x2 input with padding 0"),
    (MaxPool(kernel=6, padding=1), tensor(),
     "MaxPool kernel 6 is larger than its 3x4 input with padding 1"),
    (SumPool(kernel=4), tensor(), "SumPool kernel 4 is larger than its 3x4 input with padding 0"),
])
def test_inputs_are_checked(op, inputs, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        op.output(inputs)


def test_shapes_and_intervals():
    currents = tensor(low=-2, high=5)
    assert MaxPool(kernel=2, stride=2).output(currents).shape == (2, 2, 1, 2)
    assert MaxPool(kernel=3, padding=1).output(currents) == currents
    assert SumPool(kernel=2, stride=2).output(currents).interval == Interval(-8, 20)
    assert SumPool(kernel=2).output(tensor(low=2, high=3)).interval == Interval(8, 12)
    assert SumPool(kernel=2, padding=1).output(tensor(low=2, high=3)).interval == Interval(0, 12)
    assert SumPool(kernel=3, stride=2, padding=1).output(currents).shape == (2, 2, 2, 2)
    assert Upsample(factor=3).output(currents).shape == (2, 2, 9, 12)
    assert Upsample(factor=3).output(currents).interval == currents.interval
    assert depthwise(padding=1, stride=2).output(tensor(3)).shape == (2, 3, 2, 3)


@given(st.integers(0, 10**6), st.integers(1, 3), st.booleans(), st.integers(-4, 0),
       st.integers(1, 4))
def test_depthwise_interval_is_reached_and_never_left(seed, kernel, padded, low, high):
    """The extreme inputs of each channel give exactly the ends that the spec derives."""
    rng = np.random.default_rng(seed)
    op = DepthwiseConv(weight=rng.integers(-8, 8, (3, kernel, kernel)), weight_bits=4,
                       bias=rng.integers(-20, 20, 3), shift=rng.integers(0, 3, 3),
                       padding=(kernel - 1) * padded)
    ends = [[(np.where(w > 0, a, b) * w).sum() * 2**s + bias
             for w, s, bias in zip(op.weight, op.shift, op.bias, strict=True)]
            for a, b in ((low, high), (high, low))]
    out = op.output(tensor(3, size=kernel, low=low, high=high))
    assert out.interval == Interval(int(min(ends[0])), int(max(ends[1])))
    inner = op.accumulator(Interval(low, high))
    assert inner.low <= 0 <= inner.high
