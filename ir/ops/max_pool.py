"""Max pooling of spikes or of signed currents."""

from dataclasses import dataclass, replace

from ir.tensors import TensorType
from ir.windows import check_window, windows

__all__ = ["MaxPool"]


@dataclass(frozen=True, kw_only=True)
class MaxPool:
    """Greatest value of a window, channel by channel and step by step.

    ``out[t, c, y, x] = max of a[t, c, y * stride - padding + r, x * stride - padding + s]`` over
    ``r`` and ``s`` in ``0 .. kernel - 1``, positions outside the map left out. On spikes it is an
    OR; with ``stride = 1`` a dilation; with ``kernel = 1`` it takes every ``stride``-th position.

    Parameters
    ----------
    kernel, stride, padding : int
        The same in both directions; ``padding`` at most half of ``kernel``.
    """

    kernel: int
    stride: int = 1
    padding: int = 0

    def __post_init__(self):
        check_window("MaxPool", self.kernel, self.stride, self.padding)
        if 2 * self.padding > self.kernel:
            raise ValueError(f"MaxPool padding must be at most half of its kernel {self.kernel}, "
                             f"not {self.padding}")

    def output(self, a: TensorType) -> TensorType:
        """The type of the output; raises ValueError if the window is larger than the map."""
        height, width = windows("MaxPool", a, self.kernel, self.stride, self.padding)
        return replace(a, height=height, width=width)
