"""Leaky integrate-and-fire neurons."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from ir.arrays import frozen_integers
from ir.tensors import Interval, TensorType

__all__ = ["Lif", "Reset"]


class Reset(Enum):
    """What a neuron's membrane potential becomes when it spikes."""

    TO_ZERO = "to zero"
    BY_THRESHOLD = "by threshold"


@dataclass(frozen=True, kw_only=True, eq=False)
class Lif:
    """Leaky integrate-and-fire neurons, one per channel and position, exact in integers.

    At every time step, for every neuron, in this order:

    1. ``h = floor((keep * v + drive * x) / divisor)``, ``x`` being the input current;
    2. the neuron spikes when ``h >= threshold``;
    3. ``v = 0`` after a spike (:attr:`Reset.TO_ZERO`) or ``v = h - threshold``
       (:attr:`Reset.BY_THRESHOLD`), else ``v = h``.

    ``v`` is zero before the first step of an image. Nothing saturates: the membrane potential
    stays in :meth:`potential`. ``keep = drive = 1, divisor = 2`` is exactly a membrane of time
    constant 2 with decaying input (the floor loses nothing: thresholds are integers).

    Parameters
    ----------
    threshold : int array ``[channels]``
        Firing threshold, at least 1, in units of the input current.
    keep, drive, divisor : int
        The leak, as above.
    reset : Reset
    """

    threshold: np.ndarray
    keep: int = 1
    drive: int = 1
    divisor: int = 2
    reset: Reset = Reset.TO_ZERO

    def __post_init__(self):
        object.__setattr__(self, "threshold", frozen_integers("Lif threshold", self.threshold, 1))
        if not isinstance(self.reset, Reset):
            raise TypeError(f"Lif reset must be a Reset, not {self.reset!r}")
        if self.threshold.min() < 1:
            raise ValueError(f"Lif threshold must be at least 1, not {self.threshold.min()}")
        if not 1 <= self.keep < self.divisor:
            raise ValueError(f"Lif keeps {self.keep}/{self.divisor} of its potential, "
                             "which is not between 0 and 1")
        if self.drive < 1:
            raise ValueError(f"Lif drive must be at least 1, not {self.drive}")

    def potential(self, current: Interval) -> Interval:
        """The interval of ``h`` and ``v``: where step 1 comes to rest at the extreme currents."""
        lost = self.divisor - self.keep
        return Interval(min(0, self.drive * current.low // lost),
                        max(0, self.drive * current.high // lost))

    def output(self, x: TensorType) -> TensorType:
        """Spikes of the shape of ``x``; raises ValueError if ``x`` cannot be the current."""
        if x.channels != len(self.threshold):
            raise ValueError(f"Lif has {len(self.threshold)} thresholds for {x.channels} channels")
        return replace(x, interval=Interval(0, 1))
