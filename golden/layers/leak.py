"""How a membrane potential decays and charges, as floats and as ratios of whole numbers."""

import math
from dataclasses import dataclass
from fractions import Fraction

__all__ = ["Leak", "leak_of"]

LARGEST = 32
"""Greatest numerator of a time constant that is taken as it is."""

GRID = 256
"""Other time constants, such as learned ones, are rounded to this fraction."""


@dataclass(frozen=True)
class Leak:
    """``h = (keep * v + drive * x) / divisor``, in whole numbers, as :class:`ir.ops.Lif` has it."""

    keep: int
    drive: int
    divisor: int

    @property
    def exact(self) -> bool:
        """Whether flooring the potential loses nothing: with one for ``keep``, or none."""
        return self.keep <= 1


def leak_of(tau: float, decay_input: bool) -> Leak:
    """The leak of a time constant: ``v + (x - v) / tau``, or ``v - v / tau + x``."""
    if math.isinf(tau):
        return Leak(1, 1, 1)
    ratio = Fraction(tau).limit_denominator(LARGEST)
    if ratio.numerator > LARGEST or ratio < 1 or abs(float(ratio) - tau) > 1e-6 * tau:
        lost = min(GRID, max(1, round(GRID / tau)))
        return _reduced(GRID - lost, lost if decay_input else GRID, GRID)
    p, q = ratio.numerator, ratio.denominator
    return Leak(p - q, q if decay_input else p, p)


def _reduced(keep: int, drive: int, divisor: int) -> Leak:
    common = math.gcd(keep, drive, divisor)
    return Leak(keep // common, drive // common, divisor // common)
