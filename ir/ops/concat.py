"""Two tensors' channels side by side."""

from dataclasses import dataclass, replace

from ir.tensors import Interval, TensorType

__all__ = ["Concat"]


@dataclass(frozen=True, kw_only=True)
class Concat:
    """The channels of the first tensor, then those of the second."""

    def output(self, a: TensorType, b: TensorType) -> TensorType:
        """The type of both together; raises ValueError unless steps and maps are alike."""
        if (a.steps, a.height, a.width) != (b.steps, b.height, b.width):
            raise ValueError("Concat takes two tensors of one map and as many steps, not "
                             f"{a.shape} and {b.shape}")
        interval = Interval(min(a.interval.low, b.interval.low),
                            max(a.interval.high, b.interval.high))
        return replace(a, channels=a.channels + b.channels, interval=interval)
