"""Kernel of :class:`ir.ops.Add`."""

from torch import Tensor

from golden.ops.checks import check_integers
from ir.ops import Add

__all__ = ["add"]


def add(op: Add, a: Tensor, b: Tensor) -> Tensor:
    """Sum of two tensors of one shape."""
    if a.shape != b.shape:
        raise ValueError(f"Add takes two tensors of one shape, not {list(a.shape)} and "
                         f"{list(b.shape)}")
    return check_integers("Add", a) + check_integers("Add", b)
