"""Some of a tensor's channels."""

from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["Slice"]


class Slice(Layer):
    """The channels from ``start`` up to, not including, ``stop``, see :class:`ir.ops.Slice`."""

    ties = 1

    def __init__(self, start: int, stop: int):
        super().__init__()
        self.spec = ops.Slice(start=start, stop=stop)

    def forward(self, x: Tensor) -> Tensor:
        if self.spec.stop > x.shape[-1]:
            raise ValueError(f"Slice takes channels up to {self.spec.stop} of {x.shape[-1]}")
        return x[..., self.spec.start:self.spec.stop]

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return units[0][self.spec.start:self.spec.stop]

    def op(self) -> ops.Slice:
        return self.spec
