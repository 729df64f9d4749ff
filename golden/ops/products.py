"""Exact integer matrix products at the speed of the processor's matrix units.

A product of integers whose every partial sum stays below 2**24 (float32) or 2**53 (float64) is
exact in any order of summation. The bound is taken from the operands before the product is made.
"""

import torch
from torch import Tensor

from golden.ops.checks import greatest

__all__ = ["FLOAT32", "exact_matmul", "float_for", "narrow"]

FLOAT32 = 1 << 24
FLOAT64 = 1 << 53
INT16 = 1 << 15
INT32 = 1 << 31


def exact_matmul(a: Tensor, b: Tensor) -> Tensor:
    """``a @ b`` for integers ``[..., M, K]`` and ``[..., K, N]``, as integers wide enough.

    Raises OverflowError when a partial sum could reach 2**53.
    """
    if not a.numel() or not b.numel():
        return torch.zeros(*a.shape[:-1], b.shape[-1], dtype=torch.int64, device=a.device)
    bound = greatest(a) * int(b.abs().sum(-2).max())
    kind = float_for(bound)
    return (a.to(kind) @ b.to(kind)).to(narrow(bound))


def narrow(bound: int) -> torch.dtype:
    """The type to compute in where no value, however intermediate, exceeds ``bound``."""
    return torch.int16 if bound < INT16 else torch.int32 if bound < INT32 else torch.int64


def float_for(bound: int) -> torch.dtype:
    """The type of floats that hold every integer up to ``bound``; OverflowError where none do."""
    if bound >= FLOAT64:
        raise OverflowError(f"A sum of products could reach {bound}, which is not below 2**53")
    return torch.float32 if bound < FLOAT32 else torch.float64
