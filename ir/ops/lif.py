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

    At every time step ``t``, for every neuron of channel ``c``, in this order:

    1. ``h = floor((keep * v + drive * x * 2**fraction_bits) / divisor)``, ``x`` being the current;
    2. the neuron spikes when ``h >= threshold[t, c]``;
    3. ``v = 0`` after a spike (:attr:`Reset.TO_ZERO`) or ``v = h - threshold[t, c]``
       (:attr:`Reset.BY_THRESHOLD`), else ``v = h``.

    ``v`` is zero before the first step of an image. Nothing saturates: the membrane potential
    stays in :meth:`potential`. With ``keep = 1`` the floor loses nothing, since thresholds are
    integers: ``keep = drive = 1, divisor = 2`` is exactly a membrane of time constant 2 with
    decaying input, ``keep = drive = divisor = 1`` integrates without leak. With another ``keep``
    what is lost depends on ``fraction_bits``, which are therefore part of what is computed.

    Parameters
    ----------
    threshold : int array ``[channels]`` or ``[steps, channels]``
        Firing threshold, at least 1, in units of ``2**-fraction_bits`` of the current's.
    keep, drive, divisor : int
        The leak, as above; ``0 <= keep <= divisor``.
    reset : Reset
    fraction_bits : int
        Bits that the potential has below the current's unit.
    """

    threshold: np.ndarray
    keep: int = 1
    drive: int = 1
    divisor: int = 2
    reset: Reset = Reset.TO_ZERO
    fraction_bits: int = 0

    def __post_init__(self):
        object.__setattr__(self, "threshold",
                           frozen_integers("Lif threshold", self.threshold, 1, 2))
        if not isinstance(self.reset, Reset):
            raise TypeError(f"Lif reset must be a Reset, not {self.reset!r}")
        if self.threshold.min() < 1:
            raise ValueError(f"Lif threshold must be at least 1, not {self.threshold.min()}")
        if not 0 <= self.keep <= self.divisor or self.divisor < 1:
            raise ValueError(f"Lif keeps {self.keep}/{self.divisor} of its potential, "
                             "which is not between 0 and 1")
        if self.drive < 1:
            raise ValueError(f"Lif drive must be at least 1, not {self.drive}")
        if not 0 <= self.fraction_bits <= 16:
            raise ValueError(f"Lif fraction_bits must be 0 to 16, not {self.fraction_bits}")

    @property
    def channels(self) -> int:
        return self.threshold.shape[-1]

    def potential(self, x: TensorType) -> Interval:
        """The interval of ``h`` and ``v`` over the time steps of ``x``."""
        edges = [x.interval.low << self.fraction_bits, x.interval.high << self.fraction_bits]
        low = high = lowest = highest = 0
        for threshold in np.broadcast_to(self.threshold, (x.steps, self.channels)):
            low, high = ((self.keep * v + self.drive * edge) // self.divisor
                         for v, edge in zip((low, high), edges, strict=True))
            lowest, highest = min(lowest, low), max(highest, high)
            # one that spiked starts again from zero, or from what is above its threshold
            spared = min(high, int(threshold.max()) - 1)
            high = max(0, spared, high - int(threshold.min())
                       if self.reset is Reset.BY_THRESHOLD else 0)
            low = min(0, low)
        return Interval(lowest, highest)

    def output(self, x: TensorType) -> TensorType:
        """Spikes of the shape of ``x``; raises ValueError if ``x`` cannot be the current."""
        if x.channels != self.channels:
            raise ValueError(f"Lif has {self.channels} thresholds for {x.channels} channels")
        if self.threshold.ndim == 2 and len(self.threshold) != x.steps:
            raise ValueError(f"Lif has thresholds of {len(self.threshold)} time steps for "
                             f"{x.steps}")
        return replace(x, interval=Interval(0, 1))
