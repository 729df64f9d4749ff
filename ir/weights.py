"""What operators with a kernel have in common: its weights, and what is done to each sum."""

from typing import Protocol

import numpy as np

from ir.arrays import frozen_integers
from ir.windows import check_window

__all__ = ["Weighted", "freeze_weights"]


class Weighted(Protocol):
    """A spec with a kernel, bias and shift by channel in its first axis."""

    @property
    def weight(self) -> np.ndarray: ...
    @property
    def bias(self) -> np.ndarray: ...
    @property
    def shift(self) -> np.ndarray: ...
    @property
    def weight_bits(self) -> int: ...
    @property
    def kernel(self) -> int: ...
    @property
    def stride(self) -> int: ...
    @property
    def padding(self) -> int: ...


def freeze_weights(op: Weighted, axes: int, channels: str = "channels") -> None:
    """Make a spec's arrays read-only, its weight of so many axes; what is no operator is refused.

    ``channels`` is what messages call those that the weight's first axis counts. Raises TypeError
    or ValueError.
    """
    subject = type(op).__name__
    for name, ndim in (("weight", axes), ("bias", 1), ("shift", 1)):
        object.__setattr__(op, name, frozen_integers(f"{subject} {name}", getattr(op, name), ndim))
    count, (height, width) = len(op.weight), op.weight.shape[-2:]
    if height != width:
        raise ValueError(f"{subject} kernel must be square, not {height}x{width}")
    for name in ("bias", "shift"):
        if len(getattr(op, name)) != count:
            raise ValueError(f"{subject} {name} has {len(getattr(op, name))} values for {count} "
                             f"{channels}")
    if not 1 <= op.weight_bits <= 16:
        raise ValueError(f"{subject} weight_bits must be 1 to 16, not {op.weight_bits}")
    low, high = -(1 << op.weight_bits - 1), (1 << op.weight_bits - 1) - 1
    wrong = op.weight[(op.weight < low) | (op.weight > high)]
    if wrong.size:
        raise ValueError(f"{subject} weight {wrong[0]} is outside {low}..{high}, "
                         f"the range of {op.weight_bits} bits")
    if op.shift.min() < 0:
        raise ValueError(f"{subject} shift must not be negative, not {op.shift.min()}")
    check_window(subject, op.kernel, op.stride, op.padding)
