"""Direct coding: one current held for all time steps."""

from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["Repeat"]


class Repeat(Layer):
    """One time step, presented ``steps`` times, see :class:`ir.ops.Repeat`."""

    ties = 1

    def __init__(self, steps: int):
        super().__init__()
        self.spec = ops.Repeat(steps=steps)

    def forward(self, x: Tensor) -> Tensor:
        if len(x) != 1:
            raise ValueError(f"Repeat takes one time step, not {len(x)}")
        return x.expand(self.spec.steps, *x.shape[1:])

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return units[0]

    def op(self) -> ops.Repeat:
        return self.spec
