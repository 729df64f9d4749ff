"""What a membrane potential becomes before its neuron may fire."""

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd

from amaranth import *

from hdl.adders import Adders, digits
from hdl.division import Division
from hdl.layout import shape_of
from ir import Interval

__all__ = ["Leak"]


@dataclass(frozen=True)
class Leak:
    """``floor((keep * v + drive * x) / divisor)`` in lowest terms, as adders.

    Parameters
    ----------
    keep, drive : int
    division : :class:`Division`
        Exact over all that ``v`` and ``x`` can make.
    v, x : :class:`Interval`
    """

    keep: int
    drive: int
    division: Division
    v: Interval
    x: Interval

    @classmethod
    def of(cls, keep: int, drive: int, divisor: int, v: Interval, x: Interval) -> "Leak":
        """The leak for potentials and currents in these intervals."""
        keep = keep if v != Interval(0, 0) else 0
        common = gcd(keep, drive, divisor)
        keep, drive = keep // common, drive // common
        numerator = Interval(keep * v.low + drive * x.low, keep * v.high + drive * x.high)
        return cls(keep, drive, Division.of(numerator, divisor // common), v, x)

    @property
    def stages(self) -> int:
        """Pipeline stages of :meth:`build`, the last register behind it included."""
        row = Adders(lambda value: value)
        self._build(Signal(shape_of(self.v)), Signal(shape_of(self.x)), row)
        return 1 + row.registers

    def build(self, v: Value, x: Value, later: Callable[[Value], Value]) -> Value:
        """The quotient for one lane; ``later`` puts a register into the way of a value."""
        return self._build(v, x, Adders(later))

    def _build(self, v: Value, x: Value, row: Adders) -> Value:
        terms = [*row.terms(v, digits(self.keep)), *row.terms(x, digits(self.drive))]
        return self.division.build(row.sum(terms), row)

    @property
    def luts(self) -> float:
        """Estimated LUTs of one lane."""
        width = max(self.v.bits, self.x.bits + self.drive.bit_length() - 1)
        terms = len(digits(self.keep)) + len(digits(self.drive))
        return width * (terms - 1) + sum(
            (width + self.division.shift / 2) * (len(factor) - 1)
            for factor in self.division.factors)
