"""Comparison: every value counted, the first difference named."""

import numpy as np
import pytest

from sim.compare import OUTPUT, Comparison, Difference

SHAPE = (4, 2, 3, 2, 5)


@pytest.fixture
def comparison():
    return Comparison(("image", "early", "late"))


def changed(*places, shape=SHAPE, by=1):
    tensor = np.zeros(shape, np.int8)
    for place in places:
        tensor[place] += by
    return tensor


def test_equal_values_are_counted(comparison):
    comparison.add("early", changed(), np.zeros(SHAPE, np.uint8))
    assert (comparison.values, comparison.mismatches, comparison.first) == (240, 0, None)


def test_types_may_differ_and_signs_may_not(comparison):
    comparison.add("early", np.full((1, 1, 1, 1, 1), -1), np.full((1, 1, 1, 1, 1), 255, np.uint8))
    assert comparison.first is not None
    assert (comparison.first.expected, comparison.first.got) == (-1, 255)


def test_first_difference_is_named_in_full(comparison):
    got = changed((2, 1, 2, 1, 4), (2, 1, 2, 0, 3), (3, 0, 0, 0, 0), by=7)
    comparison.add("late", changed(), got, start=100)
    assert comparison.mismatches == 3
    assert comparison.first == Difference(node="late", image=102, step=1, channel=2,
                                          position=(0, 3), expected=0, got=7)
    assert str(comparison.first) == ("node 'late', image 102, step 1, channel 2, "
                                     "position (0, 3): expected 0, got 7")


def test_order_is_graph_then_image_whatever_came_first(comparison):
    for node, start in [(OUTPUT, 0), ("late", 0), ("early", 8), ("early", 4), ("late", 0)]:
        comparison.add(node, changed(), changed((1, 0, 0, 0, 0)), start=start)
    assert comparison.mismatches == 5
    assert comparison.first is not None
    assert (comparison.first.node, comparison.first.image) == ("early", 5)


def test_shapes_must_be_equal(comparison):
    with pytest.raises(ValueError, match=r"'late' should be \[4, 2, 3, 2, 5\] and is \[4, 2"):
        comparison.add("late", changed(), changed(shape=(4, 2, 3, 5, 2)))


def test_only_integers_are_compared(comparison):
    with pytest.raises(TypeError, match="must be integers to be compared, not float64"):
        comparison.add("late", changed(), np.zeros(SHAPE))
