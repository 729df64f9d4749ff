"""Spiking neurons for training: exact forward steps, surrogate gradients backward.

Tensors are ``[T, ..., C]``: time outermost, channels innermost. ``unit`` is what 1.0 of the float
model is in the numbers at hand, per channel: 1 in float models, a threshold in integer ones. The
surrogate is taken in these normalised units, so that float and integer models learn alike.
"""

import math

import torch
from torch import Tensor, nn

__all__ = ["Lif", "any_spike"]

ALPHA = 1.0
"""Slope of the ATan surrogate (Fang et al., ICCV 2021); its default, 2, learns worse at T = 1."""


def _surrogate(distance: Tensor) -> Tensor:
    """Derivative of the ATan surrogate at this distance from the threshold; overwrites it."""
    return distance.mul_(math.pi / 2 * ALPHA).square_().add_(1).reciprocal_().mul_(ALPHA / 2)


class _Lif(torch.autograd.Function):
    """``h = (v + x) / 2``, spike at ``h >= threshold``, hard reset; the reset is not learned."""

    @staticmethod
    def forward(ctx, x: Tensor, threshold: Tensor, unit: Tensor, floor: bool) -> Tensor:
        potentials = torch.empty_like(x)
        spikes = torch.empty_like(x)
        v = None
        for t in range(len(x)):
            h = potentials[t]
            torch.mul(x[t] if v is None else v + x[t], 0.5, out=h)
            if floor:
                h.floor_()
            torch.ge(h, threshold, out=spikes[t])
            if t + 1 < len(x):
                v = h * (1 - spikes[t])
        ctx.save_for_backward(potentials, spikes, threshold, unit)
        return spikes

    @staticmethod
    def backward(ctx, *grads):
        potentials, spikes, threshold, unit = ctx.saved_tensors
        grad = grads[0]
        result = torch.empty_like(potentials)
        carried = None
        for t in reversed(range(len(potentials))):
            slope = _surrogate((potentials[t] - threshold).div_(unit)).div_(unit)
            gradient = slope.mul_(grad[t])
            if carried is not None:
                gradient.add_(carried.mul_(1 - spikes[t]))
            # floor is passed straight through: its mean slope is 1
            torch.mul(gradient, 0.5, out=result[t])
            carried = result[t].clone() if t else None
        return result, None, None, None


class Lif(nn.Module):
    """Neurons of time constant 2 with decaying input and hard reset, see :class:`ir.ops.Lif`.

    Parameters
    ----------
    threshold : Tensor ``[C]`` or ``[1]``
    unit : Tensor ``[C]`` or ``[1]``
        What 1.0 is in the numbers at hand.
    floor : bool
        Whether potentials are integers, halved by floor.

    Nothing is learned here and nothing kept in checkpoints: all follows from the layers.
    """

    threshold: Tensor
    unit: Tensor

    def __init__(self, threshold: Tensor, unit: Tensor, *, floor: bool = False):
        super().__init__()
        self.register_buffer("threshold", threshold, persistent=False)
        self.register_buffer("unit", unit, persistent=False)
        self.floor = floor

    def set(self, threshold: Tensor, unit: Tensor) -> None:
        """From now on compute on integers, with these thresholds and units."""
        self.threshold, self.unit, self.floor = threshold.clone(), unit.clone(), True

    def forward(self, x: Tensor) -> Tensor:
        """Spikes 0.0 or 1.0 for currents ``[T, ..., C]``."""
        return _Lif.apply(x, self.threshold, self.unit, self.floor)


class _AnySpike(torch.autograd.Function):
    """``count >= 1``, which is a neuron of threshold 0.5 and time constant 2 on the count."""

    @staticmethod
    def forward(ctx, count: Tensor) -> Tensor:
        ctx.save_for_backward(count)
        return (count >= 1).to(count.dtype)

    @staticmethod
    def backward(ctx, *grads):
        (count,) = ctx.saved_tensors
        return _surrogate(count * 0.5 - 0.5).mul_(grads[0]).mul_(0.5)


def any_spike(count: Tensor) -> Tensor:
    """1.0 where a count of spikes is at least one: an OR that learns."""
    return _AnySpike.apply(count)
