"""Exact comparison of what a circuit gave with what golden computed, and where it first differs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["OUTPUT", "Comparison", "Difference"]

OUTPUT = "m_axis"
"""The name under which logits are compared that came out of the circuit's port."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One value that is not what it should be; ``position`` is ``(y, x)``."""

    node: str
    image: int
    step: int
    channel: int
    position: tuple[int, int]
    expected: int
    got: int

    def __str__(self):
        return (f"node {self.node!r}, image {self.image}, step {self.step}, channel "
                f"{self.channel}, position {self.position}: expected {self.expected}, "
                f"got {self.got}")


class Comparison:
    """Counts values that were compared and that differ, over any number of tensors and images.

    Parameters
    ----------
    order : names of tensors
        In topological order; :data:`OUTPUT` comes after them.

    Attributes
    ----------
    values, mismatches : int
    first : Difference or None
        The first in this order of tensors, in it the first image, then step, channel and
        position, in whatever order the tensors were added.
    """

    def __init__(self, order: Sequence[str]):
        self._rank = {name: rank for rank, name in enumerate((*order, OUTPUT))}
        self.values = 0
        self.mismatches = 0
        self.first: Difference | None = None

    def add(self, node: str, expected: np.ndarray, got: np.ndarray, *, start: int = 0) -> None:
        """Compare a tensor of some images, integers ``[N, T, C, H, W]``; the first is ``start``.

        Raises ValueError for shapes that are not equal, TypeError for values that are no integers.
        """
        if expected.shape != got.shape or got.ndim != 5:
            raise ValueError(f"Tensor {node!r} should be {list(expected.shape)} and is "
                             f"{list(got.shape)}")
        for array in (expected, got):
            if array.dtype.kind not in "iub":
                raise TypeError(f"Tensor {node!r} must be integers to be compared, "
                                f"not {array.dtype}")
        wrong = expected != got
        self.values += wrong.size
        count = int(np.count_nonzero(wrong))
        if not count:
            return
        self.mismatches += count
        place = tuple(int(i) for i in np.unravel_index(np.argmax(wrong), wrong.shape))
        image, step, channel, *position = place
        found = Difference(node=node, image=start + image, step=step, channel=channel,
                           position=(position[0], position[1]),
                           expected=int(expected[place]), got=int(got[place]))
        if self.first is None or self._key(found) < self._key(self.first):
            self.first = found

    def _key(self, difference: Difference) -> tuple[int, int]:
        return self._rank[difference.node], difference.image
