"""Kernel of :class:`ir.ops.Concat`."""

import torch
from torch import Tensor

from golden.ops.checks import check_integers
from ir.ops import Concat

__all__ = ["concat"]


def concat(op: Concat, a: Tensor, b: Tensor) -> Tensor:
    """The channels of both."""
    if a.shape[:2] != b.shape[:2] or a.shape[3:] != b.shape[3:]:
        raise ValueError(f"Concat takes two tensors alike but for their channels, not "
                         f"{list(a.shape)} and {list(b.shape)}")
    # what follows each other in memory behind a convolution is copied in one piece
    parts = [check_integers("Concat", x).permute(0, 1, 3, 4, 2) for x in (a, b)]
    return torch.cat(parts, dim=-1).permute(0, 1, 4, 2, 3)
