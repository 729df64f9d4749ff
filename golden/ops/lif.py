"""Kernel of :class:`ir.ops.Lif`."""

import torch
from torch import Tensor

from golden.ops.checks import check_integers, greatest
from golden.ops.constants import constants
from golden.ops.products import narrow
from ir.ops import Lif
from ir.ops.lif import Reset

__all__ = ["lif", "lif_potential"]


def lif(op: Lif, x: Tensor) -> Tensor:
    """Spikes 0 and 1 of neurons that start from rest."""
    x = check_integers("Lif", x)
    if x.shape[2] != op.channels:
        raise ValueError(f"Lif has {op.channels} thresholds for {x.shape[2]} channels")
    if op.threshold.ndim == 2 and len(op.threshold) != x.shape[1]:
        raise ValueError(f"Lif has thresholds of {len(op.threshold)} time steps for {x.shape[1]}")
    # [N, T, H, W, C]: what follows each other in memory behind a convolution
    currents = x.permute(0, 1, 3, 4, 2)
    fired = torch.empty(currents.shape, dtype=torch.int8, device=x.device)
    _fire(op, currents, fired)
    return fired.permute(0, 1, 4, 2, 3)


def lif_potential(op: Lif, x: Tensor) -> Tensor:
    """Their membrane potentials ``h``, int64, before what a spike takes off them."""
    spikes, x = lif(op, x), x.long()
    thresholds = torch.from_numpy(op.threshold.copy()).to(x.device)[..., None, None]
    if op.threshold.ndim == 1:
        thresholds = thresholds.expand(x.shape[1], -1, 1, 1)
    potentials = torch.empty_like(x)
    v = torch.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        current = op.drive * x[:, t] << op.fraction_bits
        h = (op.keep * v + current).div(op.divisor, rounding_mode="floor")
        potentials[:, t] = h
        after = h - thresholds[t] if op.reset is Reset.BY_THRESHOLD else torch.zeros_like(h)
        v = torch.where(spikes[:, t] > 0, after, h)
    return potentials


def _fire(op: Lif, currents: Tensor, fired: Tensor) -> None:
    """Fill ``fired``. Compared is ``divisor * h``, before the division, with as many thresholds:
    ``floor(a / b) >= c`` is ``a >= b * c``."""
    drive, steps = op.drive << op.fraction_bits, currents.shape[1]
    thresholds = constants(op, currents.device, _thresholds).expand(steps, -1)
    kind = narrow(_bound(op, drive * greatest(currents), steps))
    # Comparisons are vectorised only where the result has the operands' type.
    spikes = torch.empty(currents[:, 0].shape, dtype=kind, device=currents.device)
    v = None
    for t in range(steps):
        h = currents[:, t].to(kind)
        if drive != 1:
            h = h * drive
        if v is not None:
            h = v.mul_(op.keep).add_(h) if op.keep != 1 else v.add_(h)
        torch.ge(h, (thresholds[t] * op.divisor).to(kind), out=spikes)
        fired[:, t] = spikes
        if t == steps - 1:
            return
        h = _floor(h, op.divisor)
        if op.reset is Reset.TO_ZERO:
            v = h.mul_(spikes.bitwise_xor_(1))
        else:
            v = h.sub_(spikes.mul_(thresholds[t].to(kind)))


def _thresholds(op: Lif, device: torch.device) -> Tensor:
    return torch.from_numpy(op.threshold.copy()).to(device)


def _bound(op: Lif, driven: int, steps: int) -> int:
    """What ``keep * v + drive * x`` and the thresholds stay below: a step adds to the potential
    at most ``driven / divisor``, rounded up."""
    potential = steps * (driven // op.divisor + 1)
    return max(op.keep * potential + driven, op.divisor * int(op.threshold.max()))


def _floor(values: Tensor, divisor: int) -> Tensor:
    """``floor(values / divisor)`` in a tensor of its own."""
    if divisor & (divisor - 1) == 0:
        return values >> (divisor.bit_length() - 1)
    return values.div(divisor, rounding_mode="floor")
