"""Neurons that fire several levels at once, up or down."""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from ir.arrays import frozen_integers
from ir.tensors import Interval, TensorType

__all__ = ["LevelLif", "Polarity"]


class Polarity(Enum):
    """Which way a neuron fires."""

    UP = "up"
    BOTH = "both"


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelLif:
    """Integrate-and-fire neurons of several levels, reset by what they fire, exact in integers.

    At every time step, for every neuron of channel ``c``, in this order:

    1. ``h = floor((keep * v + drive * x) / divisor)``, ``x`` being the current;
    2. ``s`` is the number of ``j`` with ``h >= threshold[j, c]``; with :attr:`Polarity.BOTH`, less
       the number of ``j`` with ``-h >= threshold[j, c]``;
    3. ``s`` leaves, and ``v = h - s * spacing[c]``.

    ``v`` is zero before the first step of an image. With ``keep = 0`` there is no state: ``s`` is
    a quantiser, and any rounding of ties, any scale, is a choice of thresholds (``2 * x > 3`` is
    ``x >= 2``). With one level it is a neuron whose reset need not be its threshold: one that fires
    strictly above ``u`` and loses ``u`` has the threshold ``u + 1``. Nothing saturates but the
    number of levels.

    Sources: integer leaky integrate-and-fire and spike firing approximation of the Spike-driven
    Transformer V3 (Yao et al., 2025); ternary spikes as of SpikeLM (Xing et al., ICML 2024), whose
    leak, which depends on the last spike, is not here.

    Parameters
    ----------
    threshold : int array ``[levels, channels]``
        Not decreasing from level to level; at least 1 with :attr:`Polarity.BOTH`.
    spacing : int array ``[channels]``
        What one level takes off the potential, not negative.
    keep, drive, divisor : int
        The leak, as in :class:`ir.ops.Lif`; no memory by default.
    polarity : Polarity
    """

    threshold: np.ndarray
    spacing: np.ndarray
    keep: int = 0
    drive: int = 1
    divisor: int = 1
    polarity: Polarity = Polarity.UP

    def __post_init__(self):
        object.__setattr__(self, "threshold",
                           frozen_integers("LevelLif threshold", self.threshold, 2))
        object.__setattr__(self, "spacing", frozen_integers("LevelLif spacing", self.spacing, 1))
        if not isinstance(self.polarity, Polarity):
            raise TypeError(f"LevelLif polarity must be a Polarity, not {self.polarity!r}")
        if (np.diff(self.threshold, axis=0) < 0).any():
            raise ValueError("LevelLif thresholds must not decrease from level to level")
        if self.polarity is Polarity.BOTH and self.threshold.min() < 1:
            raise ValueError("LevelLif threshold must be at least 1 to fire both ways, "
                             f"not {self.threshold.min()}")
        if len(self.spacing) != self.channels:
            raise ValueError(f"LevelLif spacing has {len(self.spacing)} values for "
                             f"{self.channels} channels")
        if self.spacing.min() < 0:
            raise ValueError(f"LevelLif spacing must not be negative, not {self.spacing.min()}")
        if not 0 <= self.keep <= self.divisor or self.divisor < 1:
            raise ValueError(f"LevelLif keeps {self.keep}/{self.divisor} of its potential, "
                             "which is not between 0 and 1")
        if self.drive < 1:
            raise ValueError(f"LevelLif drive must be at least 1, not {self.drive}")

    @property
    def levels(self) -> int:
        return self.threshold.shape[0]

    @property
    def channels(self) -> int:
        return self.threshold.shape[1]

    @property
    def fired(self) -> Interval:
        """The interval of ``s``."""
        return Interval(-self.levels if self.polarity is Polarity.BOTH else 0, self.levels)

    def potential(self, x: TensorType) -> Interval:
        """The interval of ``h`` and ``v`` over the time steps of ``x``."""
        low = high = lowest = highest = 0
        for _ in range(x.steps):
            low = (self.keep * low + self.drive * x.interval.low) // self.divisor
            high = (self.keep * high + self.drive * x.interval.high) // self.divisor
            lowest, highest = min(lowest, low), max(highest, high)
            low, high = self._settled(low, high) if self.keep else (0, 0)
            lowest, highest = min(lowest, low), max(highest, high)
        return Interval(lowest, highest)

    def _settled(self, low: int, high: int) -> tuple[int, int]:
        """The least and greatest ``v`` for ``h`` in ``low..high``: where the slope breaks."""
        breaks = [self.threshold, self.threshold - 1, -self.threshold, 1 - self.threshold]
        ends = np.broadcast_to([[low], [high]], (2, self.channels))
        h = np.concatenate([ends, *breaks]).clip(low, high)
        fired = (h >= self.threshold[:, None]).sum(0)
        if self.polarity is Polarity.BOTH:
            fired = fired - (-h >= self.threshold[:, None]).sum(0)
        v = h - fired * self.spacing
        return int(v.min()), int(v.max())

    def output(self, x: TensorType) -> TensorType:
        """Levels of the shape of ``x``; raises ValueError if ``x`` cannot be the current."""
        if x.channels != self.channels:
            raise ValueError(f"LevelLif has {self.channels} thresholds for {x.channels} channels")
        return replace(x, interval=self.fired)
