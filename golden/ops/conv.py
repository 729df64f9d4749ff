"""Kernel of :class:`ir.ops.Conv`."""

import torch
from torch import Tensor
from torch.nn import functional

from golden.ops.checks import check_integers
from golden.ops.products import exact_matmul
from ir.ops import Conv

__all__ = ["conv"]


def conv(op: Conv, x: Tensor) -> Tensor:
    """Every time step convolved alike: windows as rows, times the weights as a matrix."""
    x = check_integers("Conv", x)
    if x.shape[2] != op.in_channels:
        raise ValueError(f"Conv takes {op.in_channels} channels, not {x.shape[2]}")
    weight = torch.from_numpy(op.weight.reshape(op.out_channels, -1).copy())
    shift, bias = (torch.from_numpy(values.copy()).view(-1, 1, 1)
                   for values in (op.shift, op.bias))
    maps = functional.pad(x.flatten(0, 1), (op.padding,) * 4, value=op.pad_value)
    # [N * T, C, H', W', K, K]: a view, copied once when it becomes rows
    windows = maps.unfold(2, op.kernel, op.stride).unfold(3, op.kernel, op.stride)
    height, width = windows.shape[2:4]
    rows = windows.permute(0, 2, 3, 1, 4, 5).reshape(-1, weight.shape[1])
    sums = exact_matmul(rows, weight.T)
    sums = sums.view(len(maps), height, width, -1).permute(0, 3, 1, 2)
    return ((sums << shift) + bias).unflatten(0, x.shape[:2])
