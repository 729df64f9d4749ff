"""Exact integer matrix products at the speed of floating point.

A product of integers whose every partial sum stays below 2**24 (float32) or 2**53 (float64) is
exact in any order of summation. The bound is taken from the operands before the product is made.
"""

import torch
from torch import Tensor

__all__ = ["exact_matmul"]


def exact_matmul(a: Tensor, b: Tensor) -> Tensor:
    """``a @ b`` for int64 ``[..., M, K]`` and ``[..., K, N]``, as int64.

    Raises OverflowError when a partial sum could reach 2**53.
    """
    if not a.numel() or not b.numel():
        return torch.zeros(*a.shape[:-1], b.shape[-1], dtype=torch.int64)
    bound = int(a.abs().max()) * int(b.abs().sum(-2).max())
    if bound >= 1 << 53:
        raise OverflowError(f"A sum of products could reach {bound}, which is not below 2**53")
    kind = torch.float32 if bound < 1 << 24 else torch.float64
    return (a.to(kind) @ b.to(kind)).to(torch.int64)
