"""Kernel of :class:`ir.ops.Add`."""

from torch import Tensor

from golden.ops.checks import check_integers, greatest
from golden.ops.products import narrow
from ir.ops import Add

__all__ = ["add"]


def add(op: Add, a: Tensor, b: Tensor) -> Tensor:
    """Sum of two tensors of one shape."""
    if a.shape != b.shape:
        raise ValueError(f"Add takes two tensors of one shape, not {list(a.shape)} and "
                         f"{list(b.shape)}")
    a, b = check_integers("Add", a), check_integers("Add", b)
    kind = narrow(greatest(a) + greatest(b))
    return a.to(kind) + b.to(kind)
