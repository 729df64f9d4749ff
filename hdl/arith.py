"""Small pieces of logic that several components share."""

from collections.abc import Sequence

from amaranth import *

__all__ = ["ones", "pack", "table", "wrapping"]


def table(index: Value, values: Sequence[int]) -> Value:
    """``values[index]`` as logic; a constant when all values are one.

    Raises ValueError when there are no values.
    """
    if not values:
        raise ValueError("A table needs at least one value")
    low, high = min(values), max(values)
    if low == high:
        return C(low)
    shape = Shape.cast(range(min(low, 0), high + 1))
    return Array([C(value, shape) for value in values])[index]


def ones(bits: Value) -> Value:
    """How many bits are set, added up as a tree."""
    if len(bits) == 1:
        return bits
    half = len(bits) // 2
    return ones(bits[:half]) + ones(bits[half:])


def wrapping(count: Value, size: int) -> Value:
    """``count + 1``, or 0 after ``size - 1``."""
    return Mux(count == size - 1, 0, count + 1)


def pack(values: Sequence[int], bits: int) -> int:
    """The word that holds ``values`` side by side in two's complement, the first lowest."""
    word = 0
    for lane, value in enumerate(values):
        word |= (int(value) & ((1 << bits) - 1)) << lane * bits
    return word
