"""Division by a constant, rounded down, as a product with its reciprocal that is proven exact."""

from dataclasses import dataclass

from amaranth.hdl import Value

from hdl.adders import Adders, Factors, adders, factors
from ir import Interval

__all__ = ["Division"]

SEARCH = 24
"""How many shifts are tried for the cheapest reciprocal."""


@dataclass(frozen=True)
class Division:
    """``floor(n / divisor)`` for every ``n`` of an interval: a shift, then a product and a shift.

    With the power of two taken out of the divisor by a shift, for the odd rest ``d > 1``,
    ``floor(n / d) = ((2 * n + 1) * reciprocal) >> (shift + 1)``. Proof: let
    ``reciprocal * d = 2**shift - e``. The right side is the floor of
    ``(n + 1/2 - (2 * n + 1) * e / 2**(shift + 1)) / d``. Where ``|2 * n + 1| * |e| < 2**shift``,
    the last term is less than a half, so the dividend lies inside ``n .. n + 1`` and its quotient
    between the same two integers as that of ``n``.

    Parameters
    ----------
    halvings : int
        Bits shifted away first.
    reciprocal, shift : int
        As above; the reciprocal is 0 where the divisor is a power of two.
    """

    halvings: int
    reciprocal: int
    shift: int

    @classmethod
    def of(cls, interval: Interval, divisor: int) -> "Division":
        """The cheapest exact division of the integers of ``interval`` by ``divisor``."""
        halvings = (divisor & -divisor).bit_length() - 1
        odd = divisor >> halvings
        if odd == 1:
            return cls(halvings, 0, 0)
        reach = max(abs(2 * (end >> halvings) + 1) for end in (interval.low, interval.high))
        found: list[Division] = []
        shift = 0
        while len(found) < SEARCH:
            shift += 1
            reciprocal = ((1 << shift) + odd // 2) // odd
            if reach * abs((1 << shift) - reciprocal * odd) < 1 << shift:
                found.append(cls(halvings, reciprocal, shift))
        return min(found, key=lambda one: (adders(one.factors), one.shift))

    @property
    def factors(self) -> Factors:
        """How the product is made."""
        return factors(self.reciprocal) if self.reciprocal else ()

    def build(self, n: Value, row: Adders) -> Value:
        """The quotient, through a row of adders."""
        n = n.shift_right(self.halvings)
        if not self.reciprocal:
            return n
        return row.product((n << 1) | 1, self.factors).shift_right(self.shift + 1)
