"""Average pooling, as a sum."""

from dataclasses import dataclass, replace

from ir.tensors import Interval, TensorType
from ir.windows import check_window, windows

__all__ = ["SumPool"]


@dataclass(frozen=True, kw_only=True)
class SumPool:
    """Sum of a window, channel by channel and step by step.

    ``out[t, c, y, x] = sum of a[t, c, y * stride - padding + r, x * stride - padding + s]`` over
    ``r`` and ``s`` in ``0 .. kernel - 1``; positions outside the map count as zero. An average is
    this sum with its divisor folded into the weights or thresholds that follow.

    Parameters
    ----------
    kernel, stride, padding : int
        The same in both directions.
    """

    kernel: int
    stride: int = 1
    padding: int = 0

    def __post_init__(self):
        check_window("SumPool", self.kernel, self.stride, self.padding)

    def output(self, a: TensorType) -> TensorType:
        """The type of the output; raises ValueError if the window is larger than the map."""
        height, width = windows("SumPool", a, self.kernel, self.stride, self.padding)
        area, interval = self.kernel**2, a.interval
        low, high = interval.low * area, interval.high * area
        if self.padding:
            low, high = min(low, 0), max(high, 0)
        return replace(a, height=height, width=width, interval=Interval(low, high))
