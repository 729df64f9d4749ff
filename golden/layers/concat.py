"""Two tensors' channels side by side."""

import torch
from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["Concat"]


class Concat(Layer):
    """The channels of the first tensor, then those of the second, see :class:`ir.ops.Concat`."""

    ties = 2

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.cat([a, b], dim=-1)

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return torch.cat(units)

    def op(self) -> ops.Concat:
        return ops.Concat()
