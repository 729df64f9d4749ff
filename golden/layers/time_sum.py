"""Pooling over time."""

from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["TimeSum"]


class TimeSum(Layer):
    """Mean over all time steps, or their sum; on integers the sum, :class:`ir.ops.TimeSum`."""

    ties = 1

    def __init__(self, mean: bool = True):
        super().__init__()
        self.mean = mean

    def forward(self, x: Tensor) -> Tensor:
        sums = x.sum(0, keepdim=True)
        return sums / len(x) if self.mean and not self.integers else sums

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return units[0] * (shape[0] if self.mean else 1)

    def op(self) -> ops.TimeSum:
        return ops.TimeSum()
