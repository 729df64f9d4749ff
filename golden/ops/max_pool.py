"""Kernel of :class:`ir.ops.MaxPool`."""

import torch
from torch import Tensor
from torch.nn import functional

from golden.ops.checks import check_integers
from ir.ops import MaxPool

__all__ = ["max_pool"]


def max_pool(op: MaxPool, x: Tensor) -> Tensor:
    """The greatest of every window; outside the map there is nothing."""
    x = check_integers("MaxPool", x)
    nothing = torch.iinfo(torch.int64).min
    maps = functional.pad(x.flatten(0, 1), (op.padding,) * 4, value=nothing)
    windows = maps.unfold(2, op.kernel, op.stride).unfold(3, op.kernel, op.stride)
    return windows.amax((4, 5)).unflatten(0, x.shape[:2])
