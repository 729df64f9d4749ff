"""Exact integer matrix products at the speed of the processor's matrix units.

A product of integers whose every partial sum stays below 2**24 (float32) or 2**53 (float64) is
exact in any order of summation. The bound is taken from the operands before the product is made.
Where both are small, many processors multiply 8-bit integers faster still.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import torch
from torch import Tensor

from golden.ops.checks import greatest

__all__ = ["Matrix", "exact_matmul", "narrow", "reach_of", "weighted_sums"]

FLOAT32 = 1 << 24
FLOAT64 = 1 << 53
INT32 = 1 << 31

TRIED, TRIES = (256, 256), 5
"""A matrix that is multiplied with itself to find out how fast a processor is, and how often."""


def exact_matmul(a: Tensor, b: Tensor) -> Tensor:
    """``a @ b`` for integers ``[..., M, K]`` and ``[..., K, N]``, as integers wide enough.

    Raises OverflowError when a partial sum could reach 2**53.
    """
    if not a.numel() or not b.numel():
        return torch.zeros(*a.shape[:-1], b.shape[-1], dtype=torch.int64, device=a.device)
    bound = greatest(a) * int(b.abs().sum(-2).max())
    kind = _float(bound)
    return (a.to(kind) @ b.to(kind)).to(narrow(bound))


@dataclass(frozen=True, eq=False)
class Matrix:
    """Weights ``[out, K]``, ready to be multiplied with.

    Parameters
    ----------
    weight : integer tensor
        int8 where they are so small.
    reach : int
        The greatest sum of an output's magnitudes.
    """

    weight: Tensor
    reach: int

    @cached_property
    def single(self) -> Tensor:
        """The weights as float32."""
        return self.weight.to(torch.float32)

    @cached_property
    def double(self) -> Tensor:
        """The weights as float64."""
        return self.weight.to(torch.float64)

    @classmethod
    def of(cls, weight: Tensor, device: torch.device) -> "Matrix":
        """Of integers ``[out, K]``."""
        weight = weight.to(device)
        return cls(weight=weight.to(torch.int8) if greatest(weight) < 128 else weight,
                   reach=int(weight.abs().sum(1).max()))


def reach_of(x: Tensor) -> int:
    """What no magnitude in ``x`` exceeds: what bytes can hold, where those are multiplied as they
    are, and else the greatest."""
    return 128 if x.dtype == torch.int8 and _bytes(x.device) else greatest(x)


def weighted_sums(rows: Tensor, matrix: Matrix, largest: int) -> Tensor:
    """``rows @ matrix.T`` for integers ``[M, K]`` of magnitudes up to ``largest``, ``[M, out]``.

    Raises OverflowError when a partial sum could reach 2**53.
    """
    bound = largest * matrix.reach
    if rows.dtype == matrix.weight.dtype == torch.int8 and (
            bound < INT32 and _bytes(rows.device)):
        return _bytes_product(rows, matrix.weight.T)
    kind = _float(bound)
    weight = matrix.single if kind is torch.float32 else matrix.double
    return (rows.to(kind) @ weight.T).to(narrow(bound))


def narrow(bound: int) -> torch.dtype:
    """The type to compute in where no value, however intermediate, exceeds ``bound``."""
    return torch.int32 if bound < INT32 else torch.int64


def _float(bound: int) -> torch.dtype:
    if bound >= FLOAT64:
        raise OverflowError(f"A sum of products could reach {bound}, which is not below 2**53")
    return torch.float32 if bound < FLOAT32 else torch.float64


@cache
def _bytes(device: torch.device) -> bool:
    """Whether the product of bytes is exact at the extremes there, and faster than that of floats.

    Older processors add pairs of products in 16 bits and saturate, or have no instructions for
    bytes at all: then their product takes fifty times as long.
    """
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    low, high = torch.full((32, 64), -128), torch.full((32, 64), 127)
    exact = all(torch.equal(_bytes_product(a.to(torch.int8), b.to(torch.int8).T).long(), a @ b.T)
                for a in (low, high) for b in (low, high))
    a, b = torch.ones(TRIED, dtype=torch.int8), torch.ones(TRIED, dtype=torch.int8).T
    return exact and _seconds(lambda: _bytes_product(a, b)) < _seconds(
        lambda: (a.float() @ b.float()).to(torch.int32))


def _seconds(product: Callable[[], Tensor]) -> float:
    """The least time of a few tries."""
    times = []
    for _ in range(TRIES):
        started = time.perf_counter()
        product()
        times.append(time.perf_counter() - started)
    return min(times)


def _bytes_product(a: Tensor, b: Tensor) -> Tensor:
    """``a @ b`` of int8 as int32."""
    return torch.ops.aten._int_mm(a, b)
