"""Convolution of each channel by itself; a gain per channel is its 1x1 form."""

from dataclasses import dataclass, replace

import numpy as np

from ir.tensors import Interval, TensorType
from ir.weights import freeze_weights
from ir.windows import windows

__all__ = ["DepthwiseConv"]


@dataclass(frozen=True, kw_only=True, eq=False)
class DepthwiseConv:
    """Two-dimensional convolution of each channel by itself, exact in integers.

    For step ``t``, channel ``c`` and output position ``(y, x)``:

    1. ``acc = sum over r, s of weight[c, r, s] * a[t, c, y * stride - padding + r,
       x * stride - padding + s]``, where ``a`` outside the map is zero;
    2. ``out = acc * 2**shift[c] + bias[c]``.

    Nothing saturates or rounds. Inputs may be signed: a 1x1 kernel multiplies a current by a
    constant per channel.

    Parameters
    ----------
    weight : int array ``[channels, kernel, kernel]``
        Each within ``-2**(weight_bits - 1) .. 2**(weight_bits - 1) - 1``.
    bias, shift : int array ``[channels]``
        In units of the output; a left shift, not negative.
    weight_bits : int
        Bits of a stored weight, two's complement.
    stride, padding : int
        The same in both directions.
    """

    weight: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    weight_bits: int
    stride: int = 1
    padding: int = 0

    def __post_init__(self):
        freeze_weights(self, 3)

    @property
    def channels(self) -> int:
        return self.weight.shape[0]

    @property
    def kernel(self) -> int:
        return self.weight.shape[1]

    def sums(self, activation: Interval) -> tuple[np.ndarray, np.ndarray]:
        """The least and greatest partial sum of each channel for inputs in ``activation``."""
        edges = np.stack([self.weight * activation.low, self.weight * activation.high])
        return (np.minimum(edges.min(0), 0).sum((1, 2)), np.maximum(edges.max(0), 0).sum((1, 2)))

    def accumulator(self, activation: Interval) -> Interval:
        """The interval of any partial sum over inputs in ``activation``, of all channels."""
        low, high = self.sums(activation)
        return Interval(int(low.min()), int(high.max()))

    def output(self, a: TensorType) -> TensorType:
        """The type of the output; raises ValueError if ``a`` cannot be an input."""
        if a.channels != self.channels:
            raise ValueError(f"DepthwiseConv takes {self.channels} channels, not {a.channels}")
        height, width = windows("DepthwiseConv", a, self.kernel, self.stride, self.padding)
        low, high = self.sums(a.interval)
        low, high = (low << self.shift) + self.bias, (high << self.shift) + self.bias
        return replace(a, height=height, width=width,
                       interval=Interval(int(low.min()), int(high.max())))
