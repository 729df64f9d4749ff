"""Kernel of :class:`ir.ops.LevelLif`."""

import torch
from torch import Tensor

from golden.ops.checks import check_integers
from ir.ops import LevelLif, Polarity

__all__ = ["level_lif", "level_lif_potential"]


def level_lif(op: LevelLif, x: Tensor) -> Tensor:
    """Levels of neurons that start from rest."""
    return _run(op, x)[0]


def level_lif_potential(op: LevelLif, x: Tensor) -> Tensor:
    """Their membrane potentials ``h``, before what the levels take off them."""
    return _run(op, x)[1]


def _run(op: LevelLif, x: Tensor) -> tuple[Tensor, Tensor]:
    """Levels and potentials."""
    x = check_integers("LevelLif", x).long()
    if x.shape[2] != op.channels:
        raise ValueError(f"LevelLif has {op.channels} thresholds for {x.shape[2]} channels")
    thresholds, spacing = (torch.from_numpy(values.copy()).to(x.device)[..., None, None]
                           for values in (op.threshold, op.spacing))
    fired, potentials = torch.zeros_like(x), torch.empty_like(x)
    v = torch.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        h = (op.keep * v + op.drive * x[:, t]).div(op.divisor, rounding_mode="floor")
        potentials[:, t] = h
        for threshold in thresholds:
            fired[:, t] += h >= threshold
            if op.polarity is Polarity.BOTH:
                fired[:, t] -= (-h >= threshold).to(torch.int64)
        v = h - fired[:, t] * spacing
    return fired, potentials
