"""Global pooling over tokens."""

from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["TokenSum"]


class TokenSum(Layer):
    """Mean over all positions, or their sum; on integers the sum, :class:`ir.ops.TokenSum`."""

    ties = 1

    def __init__(self, mean: bool = True):
        super().__init__()
        self.mean = mean

    def forward(self, x: Tensor) -> Tensor:
        sums = x.sum((2, 3), keepdim=True)
        return sums / (x.shape[2] * x.shape[3]) if self.mean and not self.integers else sums

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return units[0] * (shape[2] * shape[3] if self.mean else 1)

    def op(self) -> ops.TokenSum:
        return ops.TokenSum()
