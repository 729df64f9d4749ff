"""How much work the windows of a convolution hold, for given data."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hdl.window import Window
from ir.ops import Conv
from ir.tensors import TensorType

__all__ = ["WindowLoad"]


@dataclass(frozen=True, eq=False)
class WindowLoad:
    """The words and ones that each window of ``images``, ``[N, T, C, H, W]``, is made of.

    Windows of all images are in a row. What is counted is counted once per position and added up
    over the taps of each window, not looked for again in each.
    """

    op: Conv
    tensor: TensorType
    scan: int
    images: np.ndarray

    @cached_property
    def window(self) -> Window:
        return Window.of(self.op, self.tensor)

    @property
    def planes(self) -> int:
        return self.tensor.interval.bits

    @cached_property
    def _values(self) -> np.ndarray:
        """The bits of each value, two's complement if signed: ``[N, T, C, rows, columns]``."""
        mask = (1 << self.planes) - 1
        bits = (self.images.astype(np.int64, copy=False) & mask).astype(np.min_scalar_type(mask))
        return bits.reshape(*bits.shape[:3], self.window.rows, self.window.columns)

    @property
    def _pad_bits(self) -> int:
        return self.op.pad_value & (1 << self.planes) - 1

    @cached_property
    def _word_cycles(self) -> np.ndarray:
        """Cycles that the search takes for each word: ``[N, T, words, rows, columns]``."""
        count, steps, channels, *size = self._values.shape
        ones = np.bitwise_count(self._values).reshape(count, steps, -1, self.scan, *size)
        return np.maximum(ones.sum(3, dtype=np.int64), 1)

    @property
    def _pad_word_cycles(self) -> int:
        """Cycles for a word outside the map; none is read where the padding is zero."""
        return max(1, self._pad_bits.bit_count() * self.scan) if self._pad_bits else 0

    def _over_windows(self, counts: np.ndarray, outside: int) -> np.ndarray:
        """Sums over the taps of each window of ``[..., rows, columns]``: ``[..., Y, X]``."""
        views = np.lib.stride_tricks.sliding_window_view(
            self._padded(counts, outside), (self.window.kernel,) * 2, axis=(-2, -1))
        stride = self.window.stride
        return views[..., ::stride, ::stride, :, :].sum((-2, -1))

    def _padded(self, counts: np.ndarray, outside: int) -> np.ndarray:
        width = ((0, 0),) * (counts.ndim - 2) + ((self.window.padding,) * 2,) * 2
        return np.pad(counts, width, constant_values=outside)

    @cached_property
    def words(self) -> np.ndarray:
        """Words of each window of an image, ``[Y * X]``; they are the same in every image."""
        count = self._values.shape[1] * self._word_cycles.shape[2]
        map_ = np.full((self.window.rows, self.window.columns), count)
        return self._over_windows(map_, count if self._pad_bits else 0).ravel()

    @cached_property
    def search(self) -> np.ndarray:
        """Cycles in which the ones of each window are found, ``[windows]``."""
        cycles = self._word_cycles.sum((1, 2))
        words = self._values.shape[1] * self._word_cycles.shape[2]
        return self._over_windows(cycles, words * self._pad_word_cycles).ravel()

    @cached_property
    def last_words(self) -> np.ndarray:
        """Cycles for the last word of each row's last window, ``[N, Y]``."""
        window, last = self.window, self._word_cycles[:, -1, -1]
        if self._pad_bits:
            last = self._padded(last, self._pad_word_cycles)
        else:
            last = np.pad(last, ((0, 0), *((window.padding,) * 2,) * 2), mode="edge")
        column = (window.out_columns - 1) * window.stride + window.kernel - 1
        return last[:, window.kernel - 1::window.stride, column]

    @cached_property
    def replay(self) -> np.ndarray:
        """Cycles in which each window and step is added for a group of channels: ``[windows, T]``.

        A cycle per one, and one for a bit plane without any.
        """
        total = 0
        for plane in range(self.planes):
            ones = (self._values >> plane & 1).sum(2, dtype=np.int64)
            outside = (self._pad_bits >> plane & 1) * self._values.shape[2]
            total = total + np.maximum(self._over_windows(ones, outside), 1)
        # [N, T, Y, X] to windows of all images in a row
        return np.moveaxis(np.asarray(total), 1, -1).reshape(-1, self._values.shape[1])
