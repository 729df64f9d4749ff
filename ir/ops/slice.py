"""Some of a tensor's channels."""

from dataclasses import dataclass, replace

from ir.tensors import TensorType

__all__ = ["Slice"]


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The channels from ``start`` up to, not including, ``stop``."""

    start: int
    stop: int

    def __post_init__(self):
        if not 0 <= self.start < self.stop:
            raise ValueError(f"Slice takes channels {self.start} up to {self.stop}, "
                             "which are none")

    def output(self, a: TensorType) -> TensorType:
        """The type of the part; raises ValueError where ``a`` has fewer channels."""
        if self.stop > a.channels:
            raise ValueError(f"Slice takes channels up to {self.stop} of {a.channels}")
        return replace(a, channels=self.stop - self.start)
