"""Kernel of :class:`ir.ops.SumPool`."""

from torch import Tensor
from torch.nn import functional

from golden.ops.checks import check_integers
from ir.ops import SumPool

__all__ = ["sum_pool"]


def sum_pool(op: SumPool, x: Tensor) -> Tensor:
    """The sum of every window; outside the map there is zero."""
    x = check_integers("SumPool", x)
    maps = functional.pad(x.flatten(0, 1), (op.padding,) * 4)
    windows = maps.unfold(2, op.kernel, op.stride).unfold(3, op.kernel, op.stride)
    return windows.sum((4, 5)).unflatten(0, x.shape[:2])
