"""What a kernel derives from its operator alone: made once for each operator and device."""

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch

__all__ = ["constants"]

Made = TypeVar("Made")

_MADE: WeakKeyDictionary[Any, dict[torch.device, Any]] = WeakKeyDictionary()


def constants(op: Any, device: torch.device, make: Callable[[Any, torch.device], Made]) -> Made:
    """``make(op, device)``, kept for as long as the operator lives; operators never change."""
    made = _MADE.setdefault(op, {})
    if device not in made:
        made[device] = make(op, device)
    return made[device]
