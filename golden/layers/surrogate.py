"""Gradients of steps, which have none.

All are taken in normalised units: ``unit`` is what 1.0 of the float model is in the numbers at
hand, so that float and integer models learn alike.
"""

import math

import torch
from torch import Tensor

__all__ = ["any_spike", "fire", "slope", "straight"]

ALPHA = 1.0
"""Slope of the ATan surrogate (Fang et al., ICCV 2021); its default, 2, learns worse at T = 1."""


def slope(distance: Tensor) -> Tensor:
    """Derivative of the ATan surrogate at this distance from the threshold; overwrites it."""
    return distance.mul_(math.pi / 2 * ALPHA).square_().add_(1).reciprocal_().mul_(ALPHA / 2)


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(ctx, distance: Tensor, unit: Tensor) -> Tensor:
        ctx.save_for_backward(distance, unit)
        return (distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx, *grads):
        distance, unit = ctx.saved_tensors
        return slope(distance / unit).div_(unit).mul_(grads[0]), None


def fire(distance: Tensor, unit: Tensor) -> Tensor:
    """1.0 where a potential less its threshold is not negative."""
    return _Fire.apply(distance, unit)


class _AnySpike(torch.autograd.Function):
    """``count >= 1``, which is a neuron of threshold 0.5 and time constant 2 on the count."""

    @staticmethod
    def forward(ctx, count: Tensor) -> Tensor:
        ctx.save_for_backward(count)
        return (count >= 1).to(count.dtype)

    @staticmethod
    def backward(ctx, *grads):
        (count,) = ctx.saved_tensors
        return slope(count * 0.5 - 0.5).mul_(grads[0]).mul_(0.5)


def any_spike(count: Tensor) -> Tensor:
    """1.0 where a count of spikes is at least one: an OR that learns."""
    return _AnySpike.apply(count)


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, exact: Tensor, low: Tensor, high: Tensor, rise: Tensor) -> Tensor:
        ctx.save_for_backward((x >= low) & (x <= high), rise)
        return exact

    @staticmethod
    def backward(ctx, *grads):
        within, rise = ctx.saved_tensors
        return grads[0] * within * rise, None, None, None, None


def straight(x: Tensor, exact: Tensor, low: Tensor, high: Tensor, rise: Tensor) -> Tensor:
    """The value ``exact``, with the gradient ``rise`` for ``x`` within ``low..high``."""
    return _Straight.apply(x, exact, low, high, rise)
