import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir import Interval, TensorType
from ir.ops import SelfAttention


def tensor(channels: int, low: int = 0, high: int = 1, size: int = 2) -> TensorType:
    return TensorType(steps=2, channels=channels, height=size, width=size + 1,
                      interval=Interval(low, high))


@pytest.mark.parametrize("parameters", [{"heads": 0}, {"value_ratio": 0}, {"value_ratio": -2}])
def test_parameters_are_checked(parameters):
    (name, value), = parameters.items()
    with pytest.raises(ValueError, match=f"SelfAttention {name} must be at least 1, not {value}"):
        SelfAttention(**parameters)


@pytest.mark.parametrize(("op", "qkv", "message"), [
    (SelfAttention(), tensor(3, low=-1), r"SelfAttention takes counts from 0, not -1\.\.1"),
    (SelfAttention(), tensor(3, low=1, high=2), r"SelfAttention takes counts from 0, not 1\.\.2"),
    (SelfAttention(heads=2), tensor(9), "2 heads, which 9 channels are not: not a multiple of 6"),
    (SelfAttention(value_ratio=4), tensor(9), "which 9 channels are not: not a multiple of 6"),
    (SelfAttention(heads=2, value_ratio=4), tensor(18), "not a multiple of 12"),
])
def test_inputs_are_checked(op, qkv, message):
    with pytest.raises(ValueError, match=message):
        op.output(qkv)


@pytest.mark.parametrize(("heads", "ratio", "channels", "out", "head"), [
    (1, 1, 12, 4, 4), (2, 1, 12, 4, 2), (1, 4, 12, 8, 2), (2, 4, 24, 16, 2),
])
def test_shapes(heads, ratio, channels, out, head):
    op, qkv = SelfAttention(heads=heads, value_ratio=ratio), tensor(channels)
    assert op.head_channels(qkv) == head
    assert op.output(qkv).shape == (2, out, 2, 3)


@given(seed=st.integers(0, 10**6), heads=st.integers(1, 2), ratio=st.integers(1, 4),
       high=st.integers(1, 8), full=st.booleans())
def test_the_interval_is_reached_and_never_left(seed, heads, ratio, high, full):
    """By the docstring's two equations, in numpy."""
    d, tokens = 2, 6
    op = SelfAttention(heads=heads, value_ratio=ratio)
    qkv = tensor(heads * d * op.parts, high=high)
    interval = op.output(qkv).interval
    values = np.random.default_rng(seed).integers(0, high, (qkv.channels, tokens), endpoint=True)
    if full:
        values[:] = high
    query, key, value = (part.reshape(heads, -1, tokens)
                         for part in np.split(values, [heads * d, 2 * heads * d]))
    sums = np.einsum("hin,him,hjm->hjn", query, key, value)
    assert interval.low == 0 <= sums.min() and sums.max() <= interval.high
    assert not full or sums.max() == interval.high
