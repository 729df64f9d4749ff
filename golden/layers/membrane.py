"""Membranes that integrate, fire one spike and reset, with surrogate gradients."""

import torch
from torch import Tensor

from golden.layers.surrogate import slope

__all__ = ["integrate_and_fire"]


class _Membrane(torch.autograd.Function):
    """The reset is not learned; a floor is passed straight through, as its mean slope is 1."""

    @staticmethod
    def forward(ctx, x: Tensor, keep: Tensor, drive: Tensor, divisor: int | None,
                threshold: Tensor, unit: Tensor, strict: bool, soft: bool) -> Tensor:
        potentials = torch.empty_like(x)
        spikes = torch.empty_like(x)
        kept, driven = float(keep), float(drive)
        v = None
        for t in range(len(x)):
            h = potentials[t]
            torch.mul(x[t], driven, out=h)
            if v is not None and kept:
                h.add_(v, alpha=kept)
            if divisor is not None:
                _floor_divide(h, divisor)
            (torch.gt if strict else torch.ge)(h, threshold[t], out=spikes[t])
            if t + 1 < len(x):
                v = h - threshold[t] * spikes[t] if soft else h * (1 - spikes[t])
        ctx.save_for_backward(x, keep, drive, potentials, spikes, threshold, unit)
        ctx.divisor, ctx.soft = divisor or 1, soft
        return spikes

    @staticmethod
    def backward(ctx, *grads):
        x, keep, drive, potentials, spikes, threshold, unit = ctx.saved_tensors
        kept, driven = float(keep) / ctx.divisor, float(drive) / ctx.divisor
        learned = ctx.needs_input_grad[1] or ctx.needs_input_grad[2]
        keep_grad, drive_grad = torch.zeros_like(keep), torch.zeros_like(drive)
        result = torch.empty_like(potentials)
        carried = None
        for t in reversed(range(len(potentials))):
            gradient = slope((potentials[t] - threshold[t]).div_(unit)).div_(unit)
            gradient.mul_(grads[0][t])
            if carried is not None:
                gradient.add_(carried if ctx.soft else carried.mul_(1 - spikes[t]))
            torch.mul(gradient, driven, out=result[t])
            if learned:
                drive_grad += (gradient * x[t]).sum()
                if t:
                    before = potentials[t - 1]
                    v = (before - threshold[t - 1] * spikes[t - 1] if ctx.soft
                         else before * (1 - spikes[t - 1]))
                    keep_grad += (gradient * v).sum()
            carried = gradient.mul_(kept) if t and kept else None
        return result, keep_grad, drive_grad, None, None, None, None, None


def _floor_divide(h: Tensor, divisor: int) -> None:
    if divisor & divisor - 1:
        h.copy_(torch.div(h, divisor, rounding_mode="floor"))
    elif divisor > 1:
        h.mul_(1 / divisor).floor_()


def integrate_and_fire(x: Tensor, keep: Tensor, drive: Tensor, threshold: Tensor, unit: Tensor, *,
                       divisor: int | None = None, strict: bool = False,
                       soft: bool = False) -> Tensor:
    """Spikes 0.0 or 1.0 of ``h = keep * v + drive * x``.

    Parameters
    ----------
    x : Tensor ``[T, ..., C]``
        Currents.
    keep, drive : Tensor of no axes
        They get gradients.
    threshold : Tensor ``[C]``, ``[T, C]`` or of one value
    unit : Tensor ``[C]`` or of one value
        What 1.0 is in the potential.
    divisor : int, optional
        Divides ``h``, which is then floored: whole numbers in, whole numbers kept.
    strict : bool
        Fire above the threshold, not at it.
    soft : bool
        Take the threshold off at a spike rather than all.
    """
    if threshold.ndim < 2:
        threshold = threshold.expand(len(x), -1)
    return _Membrane.apply(x, keep, drive, divisor, threshold, unit, strict, soft)
