"""The re-parameterised convolution of Spike-driven Transformer V2 as one dense 3x3 convolution."""

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["merge"]

EPSILON = 1e-5
"""Of the published batch norms."""


def merge(state: Mapping[str, Tensor], prefix: str = "") -> tuple[Tensor, Tensor]:
    """Weights ``[out, in, 3, 3]`` and bias ``[out]`` of a ``Sequential(RepConv, BatchNorm2d)``.

    The published layers are 1x1 convolution, batch norm whose output is padded, 3x3 depthwise
    convolution, 1x1 convolution, two batch norms. What is padded is the batch norm's value of
    zero, so what the layers behind it see outside the map is what zeros inside would give: one
    zero-padded convolution with a constant bias is the same everywhere, at the border too.

    ``state`` has the names of the published code, each after ``prefix``; KeyError names the first
    that is missing.
    """
    first = state[f"{prefix}0.body.0.weight"][:, :, 0, 0].double()
    depthwise = state[f"{prefix}0.body.2.0.weight"][:, 0].double()
    second = state[f"{prefix}0.body.2.1.weight"][:, :, 0, 0].double()
    scale, offset = _affine(state, f"{prefix}0.body.1.bn.")
    weight = torch.einsum("om,mrs,mi->oirs", second, depthwise, first * scale[:, None])
    bias = second @ (depthwise.sum((1, 2)) * offset)
    for norm in ("0.body.2.2.", "1."):
        scale, offset = _affine(state, prefix + norm)
        weight, bias = weight * scale[:, None, None, None], bias * scale + offset
    return weight.float(), bias.float()


def _affine(state: Mapping[str, Tensor], prefix: str) -> tuple[Tensor, Tensor]:
    """Factor and offset of a batch norm as it is used."""
    mean, variance, weight, bias = (state[prefix + name].double() for name in (
        "running_mean", "running_var", "weight", "bias"))
    scale = weight / (variance + EPSILON).sqrt()
    return scale, bias - mean * scale
