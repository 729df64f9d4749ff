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
    if x.shape[2] != len(op.threshold):
        raise ValueError(f"Lif has {len(op.threshold)} thresholds for {x.shape[2]} channels")
    threshold = torch.from_numpy(op.threshold.copy()).view(-1, 1, 1)
    spikes = torch.empty_like(x)
    v = torch.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        h = (op.keep * v + op.drive * x[:, t]).div(op.divisor, rounding_mode="floor")
        fired = h >= threshold
        spikes[:, t] = fired
        after = h - threshold if op.reset is Reset.BY_THRESHOLD else torch.zeros_like(h)
        v = torch.where(fired, after, h)
    return spikes
