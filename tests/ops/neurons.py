"""Currents that bring neurons exactly to their thresholds, or one short of them."""

import numpy as np

from ir.tensors import TensorType

__all__ = ["currents"]


def currents(seed: int, kind: TensorType, images: int, *, leak: tuple[int, int, int],
             thresholds: np.ndarray, reset) -> np.ndarray:
    """Images of ``kind``: mostly the least current that fires, or one less; extremes; the rest.

    ``leak`` is keep, drive and divisor, ``thresholds`` ``[levels, steps, channels]``, of which one
    is picked; ``reset(t, h)`` says what is left of potentials ``[images, channels, H, W]``.
    """
    keep, drive, divisor = leak
    rng, interval = np.random.default_rng(seed), kind.interval
    x = np.empty((images, *kind.shape), np.int64)
    v = np.zeros_like(x[:, 0])
    for t in range(kind.steps):
        level = rng.integers(len(thresholds), size=v.shape)
        threshold = np.take_along_axis(thresholds[:, t, :, None, None], level, 0)
        least = -((keep * v - threshold * divisor) // drive)
        choices = [least, least - 1, np.full_like(v, interval.low), np.full_like(v, interval.high),
                   rng.integers(interval.low, interval.high + 1, v.shape)]
        pick = rng.choice(len(choices), v.shape, p=[0.35, 0.35, 0.1, 0.1, 0.1])
        x[:, t] = np.choose(pick, choices).clip(interval.low, interval.high)
        v = reset(t, (keep * v + drive * x[:, t]) // divisor)
    return x
