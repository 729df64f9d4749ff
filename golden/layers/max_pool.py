"""Max pooling."""

from torch import Tensor
from torch.nn import functional

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["MaxPool"]


class MaxPool(Layer):
    """Greatest value of a window, see :class:`ir.ops.MaxPool`."""

    ties = 1

    def __init__(self, kernel: int, stride: int = 1, padding: int = 0):
        super().__init__()
        self.spec = ops.MaxPool(kernel=kernel, stride=stride, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        spec = self.spec
        flat = x.flatten(0, 1).permute(0, 3, 1, 2)
        y = functional.max_pool2d(flat, spec.kernel, spec.stride, spec.padding)
        return y.permute(0, 2, 3, 1).unflatten(0, x.shape[:2])

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return units[0]

    def op(self) -> ops.MaxPool:
        return self.spec
