"""Average pooling."""

from torch import Tensor
from torch.nn import functional

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["SumPool"]


class SumPool(Layer):
    """Average of a window, zero outside the map; on integers its sum, :class:`ir.ops.SumPool`."""

    ties = 1

    def __init__(self, kernel: int, stride: int = 1, padding: int = 0):
        super().__init__()
        self.spec = ops.SumPool(kernel=kernel, stride=stride, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        spec = self.spec
        flat = functional.pad(x.flatten(0, 1).permute(0, 3, 1, 2), (spec.padding,) * 4)
        divisor = 1 if self.integers else spec.kernel**2
        y = functional.avg_pool2d(flat, spec.kernel, spec.stride, divisor_override=divisor)
        return y.permute(0, 2, 3, 1).unflatten(0, x.shape[:2])

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return units[0] * self.spec.kernel**2

    def op(self) -> ops.SumPool:
        return self.spec
