import pytest
from hypothesis import given
from hypothesis import strategies as st

from ir import Budget, Interval, TensorType

intervals = st.tuples(st.integers(-5000, 5000), st.integers(-5000, 5000)).map(
    lambda ends: Interval(min(ends), max(ends)))


def a_type(**changes) -> TensorType:
    return TensorType(**{"steps": 2, "channels": 3, "height": 4, "width": 5,
                         "interval": Interval(0, 1), **changes})


@given(intervals)
def test_bits_are_the_fewest_that_hold_every_value(interval):
    bits, signed = interval.bits, interval.signed

    def holds(count: int) -> bool:
        low, high = (-(1 << count - 1), (1 << count - 1) - 1) if signed else (0, (1 << count) - 1)
        return low <= interval.low and interval.high <= high

    assert holds(bits)
    assert bits == 1 or not holds(bits - 1)


@given(intervals, intervals)
def test_sum_holds_every_sum(a, b):
    total = a + b
    assert {total.low, total.high} == {a.low + b.low, a.high + b.high}


def test_empty_interval():
    with pytest.raises(ValueError, match=r"Interval 3\.\.2 is empty"):
        Interval(3, 2)


@pytest.mark.parametrize("name", ["steps", "channels", "height", "width"])
def test_sizes_are_positive(name):
    with pytest.raises(ValueError, match=f"TensorType {name} must be at least 1, not 0"):
        a_type(**{name: 0})


def test_derived_sizes():
    tensor = a_type()
    assert (tensor.shape, tensor.positions, tensor.values) == ((2, 3, 4, 5), 20, 120)
    assert tensor.is_spikes
    assert not a_type(interval=Interval(0, 2)).is_spikes


def test_budgets():
    need, limit = Budget(luts=10, ffs=5, brams=3), Budget(luts=8, ffs=9, brams=3)
    assert need + limit == Budget(luts=18, ffs=14, brams=6)
    assert need.excess(limit) == {"luts": 2}
    assert limit.scaled(0.5) == Budget(luts=4, ffs=4, brams=1)
