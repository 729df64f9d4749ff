"""Spikes that let values pass."""

from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["Gate"]


class Gate(Layer):
    """Values of the first tensor where the second spikes, see :class:`ir.ops.Gate`."""

    ties = 1

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        if gate.shape[-1] == x.shape[-1]:
            return x * gate
        heads = x.unflatten(-1, (gate.shape[-1], -1))
        return (heads * gate.unsqueeze(-1)).flatten(-2)

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return units[0]

    def op(self) -> ops.Gate:
        return ops.Gate()
