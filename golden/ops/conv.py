"""Kernel of :class:`ir.ops.Conv`."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from golden.ops.checks import check_integers, greatest
from golden.ops.constants import constants
from golden.ops.products import Matrix, narrow, reach_of, weighted_sums
from ir.ops import Conv

__all__ = ["conv"]


@dataclass(frozen=True, eq=False)
class _Constants:
    """Weights with the taps of a window before its channels, and what follows the product.

    ``reach`` and ``offset`` bound an output: ``reach`` times the greatest input, and ``offset``.
    """

    matrix: Matrix
    shift: Tensor | None
    bias: Tensor
    reach: int
    offset: int


def conv(op: Conv, x: Tensor) -> Tensor:
    """Every time step convolved alike: windows as rows, times the weights as a matrix."""
    x = check_integers("Conv", x)
    if x.shape[2] != op.in_channels:
        raise ValueError(f"Conv takes {op.in_channels} channels, not {x.shape[2]}")
    made = constants(op, x.device, _make)
    largest = max(reach_of(x), abs(op.pad_value))
    rows, height, width = _rows(op, x)
    sums = weighted_sums(rows, made.matrix, largest)
    sums = sums.to(narrow(largest * made.reach + made.offset))
    if made.shift is not None:
        sums <<= made.shift
    sums += made.bias
    return sums.view(*x.shape[:2], height, width, -1).permute(0, 1, 4, 2, 3)


def _make(op: Conv, device: torch.device) -> _Constants:
    weight, bias, shift = (torch.from_numpy(values.copy())
                           for values in (op.weight, op.bias, op.shift))
    rows = weight.permute(0, 2, 3, 1).reshape(op.out_channels, -1).contiguous()
    return _Constants(
        matrix=Matrix.of(rows, device),
        shift=shift.to(device, torch.int32) if shift.any() else None,
        bias=bias.to(device, narrow(greatest(bias))),
        reach=int((rows.abs().sum(1) << shift).max()), offset=greatest(bias))


def _rows(op: Conv, x: Tensor) -> tuple[Tensor, int, int]:
    """Windows as rows, a window's channels together, and the output's height and width."""
    maps = x.flatten(0, 1).permute(0, 2, 3, 1)
    if op.padding:
        maps = functional.pad(maps, (0, 0, *(op.padding,) * 4), value=op.pad_value)
    if op.kernel == 1:
        maps = maps[:, ::op.stride, ::op.stride]
        return maps.reshape(-1, op.in_channels), maps.shape[1], maps.shape[2]
    maps = maps.contiguous()
    height, width = ((size - op.kernel) // op.stride + 1 for size in maps.shape[1:3])
    images, rows, columns, _ = maps.stride()
    # taps of a window's row and their channels follow each other in memory
    line = op.kernel * op.in_channels
    windows = maps.as_strided(
        (len(maps), height, width, op.kernel, line),
        (images, rows * op.stride, columns * op.stride, rows, 1))
    return windows.reshape(-1, op.kernel * line), height, width
