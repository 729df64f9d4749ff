"""Small pieces of logic that several components share."""

from collections.abc import Sequence

import numpy as np
from amaranth import *

__all__ = ["counter", "joined", "ones", "pack", "pack_rows", "reaches", "table", "total",
           "wrapping"]


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


def reaches(value: Value, least: Value | int) -> Value:
    """``value >= least``; of a number without a carry, in a third of the LUTs."""
    if isinstance(least, Value):
        return value >= least
    low, high = (-1 << len(value) - 1, 1 << len(value) - 1) if value.shape().signed else (
        0, 1 << len(value))
    if not low < least < high:
        return C(least <= low, 1)
    # A sign counts as its opposite would in an unsigned value.
    bits = [*value[:-1], ~value[-1]] if value.shape().signed else list(value)
    found: Value = C(1, 1)
    for n, bit in enumerate(bits):
        found = bit & found if least - low >> n & 1 else bit | found
    return found


def ones(bits: Value) -> Value:
    """How many bits are set."""
    return total(list(bits))


def total(values: Sequence[Value]) -> Value:
    """The sum of values, added up as a tree."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    return total(values[:half]) + total(values[half:])


def counter(m: Module, size: int, step: Value, name: str) -> tuple[Value, Value]:
    """A count that goes from 0 to ``size - 1`` and round again, moved on by ``step``.

    With it comes whether it is at its end, from a register: loops that decide by it are short.
    """
    count = Signal(range(size), name=name)
    ends = Signal(init=size == 1, name=f"{name}_ends")
    if size > 1:
        with m.If(step):
            m.d.sync += [count.eq(Mux(ends, 0, count + 1)), ends.eq(count == size - 2)]
    return count, ends


def joined(base: Value, offset: Value, size: int) -> Value:
    """``base + offset``, where the one is a multiple of ``size`` and the other below it."""
    low = size.bit_length() - 1
    return base + offset if size != 1 << low else Cat(offset[:low], base[low:])


def wrapping(count: Value, size: int) -> Value:
    """``count + 1``, or 0 after ``size - 1``."""
    return Mux(count == size - 1, 0, count + 1)


def pack(values: Sequence[int], bits: int) -> int:
    """The word that holds ``values`` side by side in two's complement, the first lowest."""
    word = 0
    for lane, value in enumerate(values):
        word |= (int(value) & ((1 << bits) - 1)) << lane * bits
    return word


def pack_rows(values: np.ndarray, bits: int) -> list[int]:
    """:func:`pack` of every row of integers ``[words, lanes]``, for millions of them."""
    places = np.arange(bits)
    split = (values[..., None] >> places & 1).astype(np.uint8).reshape(len(values), -1)
    return [int.from_bytes(row.tobytes(), "little")
            for row in np.packbits(split, axis=1, bitorder="little")]
