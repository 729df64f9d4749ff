"""The membrane shortcut: a residual stream and a branch meet."""

from dataclasses import dataclass, replace

from ir.tensors import TensorType

__all__ = ["Add"]


@dataclass(frozen=True, kw_only=True)
class Add:
    """Sum of two tensors of one shape, value by value; both are on one scale. No saturation."""

    def output(self, a: TensorType, b: TensorType) -> TensorType:
        """The type of the sum; raises ValueError if the shapes differ."""
        if a.shape != b.shape:
            raise ValueError(f"Add takes two tensors of one shape, not {a.shape} and {b.shape}")
        return replace(a, interval=a.interval + b.interval)
