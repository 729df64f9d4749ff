"""Where a shortcut and a branch meet."""

import torch
from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["Add"]


class Add(Layer):
    """Sum of two tensors of one shape: currents, or spikes and counts; see :class:`ir.ops.Add`."""

    ties = 2

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        if a.shape != b.shape:
            raise ValueError(f"Add takes two tensors of one shape, not {list(a.shape)} and "
                             f"{list(b.shape)}")
        return a + b

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        if not torch.allclose(units[0], units[1], rtol=1e-6, atol=0.0):
            raise ValueError(f"Add joins tensors of units {units[0].unique().tolist()} and "
                             f"{units[1].unique().tolist()}: spikes, counts and currents cannot "
                             "meet without weights between")
        return units[0]

    def op(self) -> ops.Add:
        return ops.Add()
