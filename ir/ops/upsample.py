"""Nearest-neighbour enlargement of a map."""

from dataclasses import dataclass, replace

from ir.tensors import TensorType

__all__ = ["Upsample"]


@dataclass(frozen=True, kw_only=True)
class Upsample:
    """Every position ``factor`` times in both directions.

    ``out[t, c, y, x] = a[t, c, y // factor, x // factor]``.
    """

    factor: int

    def __post_init__(self):
        if self.factor < 1:
            raise ValueError(f"Upsample factor must be at least 1, not {self.factor}")

    def output(self, a: TensorType) -> TensorType:
        """The type of the larger map."""
        return replace(a, height=a.height * self.factor, width=a.width * self.factor)
