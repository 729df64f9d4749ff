"""Kernel of :class:`ir.ops.HeadSum`."""

from torch import Tensor

from golden.ops.checks import check_integers
from ir.ops import HeadSum

__all__ = ["head_sum"]


def head_sum(op: HeadSum, x: Tensor) -> Tensor:
    """Sums over the channels of each head."""
    x = check_integers("HeadSum", x)
    if x.shape[2] % op.heads:
        raise ValueError(f"HeadSum of {op.heads} heads takes a multiple of {op.heads} channels, "
                         f"not {x.shape[2]}")
    return x.unflatten(2, (op.heads, -1)).sum(3)
