"""Convolution of integers with integer weights; a linear layer is its 1x1 form."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ir.tensors import Interval, TensorType
from ir.weights import freeze_weights
from ir.windows import windows

__all__ = ["Conv"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Conv:
    """Two-dimensional convolution, the same at every time step, exact in integers.

    For step ``t``, output channel ``o`` and output position ``(y, x)``:

    1. ``acc = sum over i, r, s of weight[o, i, r, s] * a[t, i, y * stride - padding + r,
       x * stride - padding + s]``, where ``a`` outside the map is ``pad_value``;
    2. ``out = acc * 2**shift[o] + bias[o]``.

    Nothing saturates or rounds. A linear layer over tokens is the 1x1 form.

    Parameters
    ----------
    weight : int array ``[out, in, kernel, kernel]``
        Each within ``-2**(weight_bits - 1) .. 2**(weight_bits - 1) - 1``.
    bias : int array ``[out]``
        In units of the output.
    shift : int array ``[out]``
        Left shift of each channel's sum, not negative: aligns it to the scale of its readers.
    weight_bits : int
        Bits of a stored weight, two's complement.
    stride, padding : int
        The same in both directions.
    pad_value : int
        What a pixel outside the map is taken to be: the value that stands for zero.
    """

    weight: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    weight_bits: int
    stride: int = 1
    padding: int = 0
    pad_value: int = 0

    def __post_init__(self):
        freeze_weights(self, 4, "output channels")

    @property
    def out_channels(self) -> int:
        return self.weight.shape[0]

    @property
    def in_channels(self) -> int:
        return self.weight.shape[1]

    @property
    def kernel(self) -> int:
        return self.weight.shape[2]

    @cached_property
    def _sums(self) -> tuple[np.ndarray, np.ndarray]:
        """The sums of each channel's negative and of its positive weights."""
        return (np.minimum(self.weight, 0).sum((1, 2, 3)),
                np.maximum(self.weight, 0).sum((1, 2, 3)))

    def _edges(self, low: int, high: int) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest sum of each channel for inputs in ``low .. high``."""
        negative, positive = self._sums
        return positive * low + negative * high, positive * high + negative * low

    def accumulator(self, activation: Interval) -> Interval:
        """The interval of any sum of some of the products, of all channels, for inputs in
        ``activation``."""
        low, high = self._edges(min(activation.low, 0), max(activation.high, 0))
        return Interval(int(low.min()), int(high.max()))

    def output(self, a: TensorType) -> TensorType:
        """The type of the output; raises ValueError if ``a`` cannot be an input."""
        if a.channels != self.in_channels:
            raise ValueError(f"Conv takes {self.in_channels} channels, not {a.channels}")
        if not a.interval.low <= self.pad_value <= a.interval.high:
            raise ValueError(f"Conv pad_value {self.pad_value} is outside {a.interval}, "
                             "the interval of its input")
        height, width = windows("Conv", a, self.kernel, self.stride, self.padding)
        low, high = ((edge << self.shift) + self.bias
                     for edge in self._edges(a.interval.low, a.interval.high))
        return replace(a, channels=self.out_channels, height=height, width=width,
                       interval=Interval(int(low.min()), int(high.max())))
