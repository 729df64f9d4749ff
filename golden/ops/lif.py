"""Kernel of :class:`ir.ops.Lif`."""

import torch
from torch import Tensor

from golden.ops.checks import check_integers
from ir.ops import Lif
from ir.ops.lif import Reset

__all__ = ["lif"]


def lif(op: Lif, x: Tensor) -> Tensor:
    """Spikes 0 and 1 of neurons that start from rest."""
    x = check_integers("Lif", x)
    if x.shape[2] != op.channels:
        raise ValueError(f"Lif has {op.channels} thresholds for {x.shape[2]} channels")
    if op.threshold.ndim == 2 and len(op.threshold) != x.shape[1]:
        raise ValueError(f"Lif has thresholds of {len(op.threshold)} time steps for {x.shape[1]}")
    thresholds = torch.from_numpy(op.threshold.copy())[..., None, None]
    if op.threshold.ndim == 1:
        thresholds = thresholds.expand(x.shape[1], -1, 1, 1)
    spikes = torch.empty_like(x)
    v = torch.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        current = op.drive * x[:, t] << op.fraction_bits
        h = (op.keep * v + current).div(op.divisor, rounding_mode="floor")
        threshold = thresholds[t]
        fired = h >= threshold
        spikes[:, t] = fired
        after = h - threshold if op.reset is Reset.BY_THRESHOLD else torch.zeros_like(h)
        v = torch.where(fired, after, h)
    return spikes
