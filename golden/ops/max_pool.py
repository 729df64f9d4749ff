"""Kernel of :class:`ir.ops.MaxPool`."""

from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional

from golden.ops.checks import check_integers
from ir.ops import MaxPool

__all__ = ["max_pool"]


def max_pool(op: MaxPool, x: Tensor) -> Tensor:
    """The greatest of every window, of its rows first; outside the map there is nothing."""
    x = check_integers("MaxPool", x)
    nothing = torch.iinfo(x.dtype).min
    maps = functional.pad(x.flatten(0, 1).permute(0, 2, 3, 1), (0, 0, *(op.padding,) * 4),
                          value=nothing)
    for axis in (1, 2):
        count = (maps.shape[axis] - op.kernel) // op.stride + 1
        maps = reduce(torch.maximum, (
            _every(maps, axis, start, op.stride, count) for start in range(op.kernel)))
    return maps.unflatten(0, x.shape[:2]).permute(0, 1, 4, 2, 3)


def _every(maps: Tensor, axis: int, start: int, stride: int, count: int) -> Tensor:
    """``count`` rows (axis 1) or columns (axis 2) from ``start`` on, one in ``stride``."""
    chosen = slice(start, start + stride * (count - 1) + 1, stride)
    return maps[:, chosen] if axis == 1 else maps[:, :, chosen]
