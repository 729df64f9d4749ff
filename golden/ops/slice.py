"""Kernel of :class:`ir.ops.Slice`."""

from torch import Tensor

from golden.ops.checks import check_integers
from ir.ops import Slice

__all__ = ["slice_channels"]


def slice_channels(op: Slice, x: Tensor) -> Tensor:
    """The channels asked for."""
    if op.stop > x.shape[2]:
        raise ValueError(f"Slice takes channels up to {op.stop} of {x.shape[2]}")
    return check_integers("Slice", x)[:, :, op.start:op.stop]
