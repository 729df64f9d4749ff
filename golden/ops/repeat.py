"""Kernel of :class:`ir.ops.Repeat`."""

from torch import Tensor

from golden.ops.checks import check_integers
from ir.ops import Repeat

__all__ = ["repeat"]


def repeat(op: Repeat, x: Tensor) -> Tensor:
    """The one time step, again and again."""
    x = check_integers("Repeat", x)
    if x.shape[1] != 1:
        raise ValueError(f"Repeat takes one time step, not {x.shape[1]}")
    return x.expand(-1, op.steps, -1, -1, -1)
