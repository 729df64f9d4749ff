"""Kernel of :class:`ir.ops.DepthwiseConv`."""

import torch
from torch import Tensor
from torch.nn import functional

from golden.ops.checks import check_integers
from ir.ops import DepthwiseConv

__all__ = ["depthwise_conv"]


def depthwise_conv(op: DepthwiseConv, x: Tensor) -> Tensor:
    """Every channel with its own small kernel, tap by tap."""
    x = check_integers("DepthwiseConv", x).long()
    if x.shape[2] != op.channels:
        raise ValueError(f"DepthwiseConv takes {op.channels} channels, not {x.shape[2]}")
    weight, shift, bias = (torch.from_numpy(values.copy()).to(x.device)
                           for values in (op.weight, op.shift, op.bias))
    maps = functional.pad(x.flatten(0, 1), (op.padding,) * 4)
    windows = maps.unfold(2, op.kernel, op.stride).unfold(3, op.kernel, op.stride)
    sums = torch.zeros(windows.shape[:4], dtype=torch.int64, device=x.device)
    for row in range(op.kernel):
        for column in range(op.kernel):
            sums += windows[..., row, column] * weight[:, row, column].view(-1, 1, 1)
    out = (sums << shift.view(-1, 1, 1)) + bias.view(-1, 1, 1)
    return out.unflatten(0, x.shape[:2])
