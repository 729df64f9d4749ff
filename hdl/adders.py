"""Sums of many terms and products with constants, cut by registers into short paths."""

from collections.abc import Callable, Sequence
from functools import cache

from amaranth import *

__all__ = ["LEVELS", "Adders", "Factors", "adders", "digits", "factors"]

LEVELS = 2
"""Adders in a row between registers: what an ECP5 does at 120 MHz, with a multiplexer before."""

Digits = tuple[tuple[int, bool], ...]
"""A constant as a sum of powers of two: for each its exponent, and whether it is subtracted."""

Factors = tuple[Digits, ...]
"""A constant as a product of such sums."""


def digits(constant: int) -> Digits:
    """The fewest powers of two whose sum or difference is ``constant``, not negative.

    Raises ValueError for a negative constant.
    """
    if constant < 0:
        raise ValueError(f"A product with {constant}, which is negative, is not built")
    found, exponent = [], 0
    while constant:
        if constant & 1:
            minus = constant & 3 == 3
            found.append((exponent, minus))
            constant += 1 if minus else -1
        constant >>= 1
        exponent += 1
    return tuple(found)


@cache
def factors(constant: int) -> Factors:
    """The factors of ``constant``, at least 1, that take the fewest adders.

    Reciprocals have periodic digits, which a few factors ``2**k + 1`` make.
    """
    best: Factors = (digits(constant),)
    for exponent in range(1, constant.bit_length()):
        for factor in (2**exponent - 1, 2**exponent + 1):
            if 1 < factor < constant and constant % factor == 0:
                best = min(best, (*factors(constant // factor), digits(factor)), key=adders)
    return best


def adders(product: Factors) -> int:
    """How many adders a product takes."""
    return sum(len(factor) - 1 for factor in product)


class Adders:
    """Adders one after another, with a register wherever ``levels`` of them are in a row.

    Parameters
    ----------
    later : callable
        A value a step later: puts a register into its way.
    levels : int
        Adders in a row between registers. With more than one, Yosys joins sums of three and more
        terms to carry-save adders, which take up to three times the LUTs.

    Attributes
    ----------
    registers : int
        Registers in the way so far.
    """

    def __init__(self, later: Callable[[Value], Value], levels: int = LEVELS):
        self.later, self.levels, self.level, self.registers = later, levels, 0, 0

    def sum(self, terms: Sequence[tuple[Value, bool]]) -> Value:
        """The sum of at least one term, each with whether it is subtracted, one of them is not."""
        terms = list(terms)
        while len(terms) > 1:
            if self.level == self.levels:
                terms = [(self.later(value), minus) for value, minus in terms]
                self.level, self.registers = 0, self.registers + 1
            terms = [_added(*terms[at:at + 2]) for at in range(0, len(terms), 2)]
            self.level += 1
        return terms[0][0]

    def product(self, value: Value, constant: Factors) -> Value:
        """``value`` times a constant."""
        for factor in constant:
            value = self.sum(self.terms(value, factor))
        return value

    @staticmethod
    def terms(value: Value, constant: Digits) -> list[tuple[Value, bool]]:
        """What adds up to ``value`` times a constant."""
        return [(value << exponent, minus) for exponent, minus in constant]


def _added(a: tuple[Value, bool], b: tuple[Value, bool] | None = None) -> tuple[Value, bool]:
    if b is None:
        return a
    if a[1] == b[1]:
        return a[0] + b[0], a[1]
    return (b[0] - a[0] if a[1] else a[0] - b[0]), False
