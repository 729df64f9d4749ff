"""Sums over the channels of attention heads."""

from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["HeadSum"]


class HeadSum(Layer):
    """Sum over the channels of each head, see :class:`ir.ops.HeadSum`."""

    def __init__(self, heads: int):
        super().__init__()
        self.spec = ops.HeadSum(heads=heads)

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.spec.heads, -1)).sum(-1)

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        heads = units[0].unflatten(0, (self.spec.heads, -1))
        if bool((heads != heads[:, :1]).any()):
            raise ValueError("HeadSum needs one unit for all channels of a head")
        return heads[:, 0]

    def op(self) -> ops.HeadSum:
        return self.spec
