"""Kernel of :class:`ir.ops.TimeSum`."""

from torch import Tensor

from golden.ops.checks import check_integers
from ir.ops import TimeSum

__all__ = ["time_sum"]


def time_sum(op: TimeSum, x: Tensor) -> Tensor:
    """Sum over time, one step left."""
    return check_integers("TimeSum", x).sum(1, keepdim=True)
