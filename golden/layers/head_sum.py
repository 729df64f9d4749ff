"""Sums over the channels of attention heads."""

from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["HeadSum"]


class HeadSum(Layer):
    """Sum over the channels of each head, or their mean; on integers the sum,
    :class:`ir.ops.HeadSum`."""

    def __init__(self, heads: int, mean: bool = False):
        super().__init__()
        self.spec = ops.HeadSum(heads=heads)
        self.mean = mean

    def forward(self, x: Tensor) -> Tensor:
        heads = x.unflatten(-1, (self.spec.heads, -1))
        return heads.mean(-1) if self.mean and not self.integers else heads.sum(-1)

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        heads = units[0].unflatten(0, (self.spec.heads, -1))
        if bool((heads != heads[:, :1]).any()):
            raise ValueError("HeadSum needs one unit for all channels of a head")
        return heads[:, 0] * (heads.shape[1] if self.mean else 1)

    def op(self) -> ops.HeadSum:
        return self.spec
