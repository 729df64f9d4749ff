"""Global pooling over tokens, as a sum."""

from dataclasses import dataclass, replace

from ir.tensors import Interval, TensorType

__all__ = ["TokenSum"]


@dataclass(frozen=True, kw_only=True)
class TokenSum:
    """Sum over all positions: ``out[t, c] = sum over n of x[t, c, n]``, one position left.

    A mean is this sum with its divisor folded into the threshold or weights that follow.
    """

    def output(self, x: TensorType) -> TensorType:
        """The type of the sum: as many times the interval as there are positions."""
        interval = Interval(x.interval.low * x.positions, x.interval.high * x.positions)
        return replace(x, height=1, width=1, interval=interval)
