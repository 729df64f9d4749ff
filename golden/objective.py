"""What training adds to its loss: terms that see a batch and some of its tensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from golden.net import Net

__all__ = ["Batch", "Lever", "Term", "above_zero"]


@dataclass(frozen=True, eq=False)
class Batch:
    """One step of training.

    Parameters
    ----------
    images, labels : Tensor
        uint8 ``[N, C, H, W]`` or ``[N, T, C, H, W]``; int64 ``[N]``.
    logits : Tensor
        ``[N, classes]``.
    tensors : mapping of str to Tensor
        Those that the term asked for, ``[T, N, H, W, C]``.
    """

    images: Tensor
    labels: Tensor
    logits: Tensor
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True, eq=False)
class Term:
    """What is added to the loss: a function of a batch, and the tensors that it looks at."""

    loss: Callable[[Batch], Tensor]
    tensors: frozenset[str] = frozenset()


class Lever(Protocol):
    """A frozen dataclass of plain values, for :class:`golden.fit.Recipe` to keep."""

    def term(self, net: Net) -> Term:
        """The term for a network; raises ValueError for one that it cannot work on."""
        ...


def above_zero(lever: Lever, *names: str) -> None:
    """Raise ValueError unless these fields of a lever are above zero."""
    for name in names:
        if not getattr(lever, name) > 0:
            raise ValueError(f"{type(lever).__name__} {name} must be above zero, not "
                             f"{getattr(lever, name)}")
