"""Kernel of :class:`ir.ops.Conv`."""

from collections.abc import Callable
from functools import cached_property
from weakref import ref

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from golden.ops.byte_conv import FEWEST, LARGEST, byte_conv, bytes_win
from golden.ops.checks import check_integers, extremes, greatest
from golden.ops.constants import constants
from golden.ops.products import FLOAT32, float_for, narrow
from ir.ops import Conv

__all__ = ["conv"]


def conv(op: Conv, x: Tensor) -> Tensor:
    """Every time step convolved alike, in bytes or in floats, whichever is exact and fastest.

    Raises OverflowError when a partial sum could reach 2**53.
    """
    x = check_integers("Conv", x)
    if x.shape[2] != op.in_channels:
        raise ValueError(f"Conv takes {op.in_channels} channels, not {x.shape[2]}")
    made = constants(op, x.device, _Constants)
    low, high = extremes(x)
    largest = max(-low, high, abs(op.pad_value))
    bound = largest * made.reach + made.offset
    maps = x.flatten(0, 1).permute(0, 2, 3, 1)
    small = low >= 0 and op.pad_value >= 0 and largest <= LARGEST and bound < FLOAT32
    if small and made.in_bytes is not None:
        maps = maps.to(torch.uint8)
        sums = made.in_bytes(maps if made.whole else _windows(op, maps))
    else:
        kind = float_for(bound)
        sums = _product(_windows(op, maps.to(kind)), *made.as_floats(kind))
    return sums.to(narrow(bound)).unflatten(0, x.shape[:2]).permute(0, 1, 4, 2, 3)


class _Constants:
    """What is made of an operator once: weights in the forms that products take.

    Attributes
    ----------
    reach, offset : int
        An output's magnitude is at most ``reach`` times the greatest input's, and ``offset``.
    """

    def __init__(self, op: Conv, device: torch.device):
        # Constants are kept for as long as the operator lives, so they must not keep it.
        self._op, self._device = ref(op), device
        weight, shift, bias = map(_tensor, (op.weight, op.shift, op.bias))
        self.reach = int((weight.abs().sum((1, 2, 3)) << shift).max())
        self.offset = greatest(bias)

    @property
    def op(self) -> Conv:
        op = self._op()
        assert op is not None, "whoever asks has the operator"
        return op

    @property
    def whole(self) -> bool:
        """Whether a product of bytes takes the map and not its windows."""
        padded = self.op.padding > 0 and self.op.pad_value != 0
        return not padded and (self.op.kernel == 1 or self.op.in_channels >= FEWEST)

    @property
    def _rows(self) -> Tensor:
        """The taps of a window before its channels, ``[out, k * k * in]``."""
        return _tensor(self.op.weight).permute(0, 2, 3, 1).flatten(1)

    @cached_property
    def in_bytes(self) -> Callable[[Tensor], Tensor] | None:
        """The convolution of bytes, of maps or of windows; None where floats are to be taken."""
        weight, stride, padding = (
            (_tensor(self.op.weight), self.op.stride, self.op.padding) if self.whole
            else (self._rows[:, :, None, None], 1, 0))
        low, high = extremes(weight)
        if low < -128 or high > 127 or not bytes_win(self._device):
            return None
        return byte_conv(weight.to(torch.int8), _tensor(self.op.bias).float(),
                         (1 << _tensor(self.op.shift)).float(), stride, padding)

    @cached_property
    def _single(self) -> tuple[Tensor, Tensor]:
        return self._floats(torch.float32)

    @cached_property
    def _double(self) -> tuple[Tensor, Tensor]:
        return self._floats(torch.float64)

    def as_floats(self, kind: torch.dtype) -> tuple[Tensor, Tensor]:
        """Shifted weights ``[k * k * in, out]`` and biases."""
        return self._single if kind is torch.float32 else self._double

    def _floats(self, kind: torch.dtype) -> tuple[Tensor, Tensor]:
        weight = self._rows << _tensor(self.op.shift)[:, None]
        return weight.T.to(self._device, kind), _tensor(self.op.bias).to(self._device, kind)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(values.copy())


def _windows(op: Conv, maps: Tensor) -> Tensor:
    """The windows of maps ``[N, H, W, in]``, each a pixel ``[N, H', W', k * k * in]``."""
    if op.padding:
        maps = functional.pad(maps, (0, 0, *(op.padding,) * 4), value=op.pad_value)
    if op.kernel == 1:
        return maps[:, ::op.stride, ::op.stride]
    maps = maps.contiguous()
    height, width = ((size - op.kernel) // op.stride + 1 for size in maps.shape[1:3])
    images, rows, columns, _ = maps.stride()
    # taps of a window's row and their channels follow each other in memory
    line = op.kernel * op.in_channels
    windows = maps.as_strided(
        (len(maps), height, width, op.kernel, line),
        (images, rows * op.stride, columns * op.stride, rows, 1))
    return windows.reshape(len(maps), height, width, op.kernel * line)


def _product(windows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    found = torch.addmm(bias, windows.reshape(-1, windows.shape[-1]), weight)
    return found.view(*windows.shape[:-1], -1)
