"""What every kernel refuses, and the extremes that bound what it computes."""

import torch
from torch import Tensor

__all__ = ["check_integers", "check_spikes", "extremes", "greatest"]

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def check_integers(subject: str, x: Tensor) -> Tensor:
    """``x``, integers ``[N, T, C, H, W]``; TypeError for floats, ValueError for other axes."""
    if x.dtype not in INTEGERS:
        raise TypeError(f"{subject} takes integers, not {x.dtype}")
    if x.ndim != 5:
        raise ValueError(f"{subject} takes [N, T, C, H, W], not {x.ndim} axes")
    return x


def check_spikes(subject: str, x: Tensor) -> Tensor:
    """``x``, where it is nothing but 0 and 1; else ValueError with the value."""
    x = check_integers(subject, x)
    low, high = extremes(x)
    if low < 0 or high > 1:
        raise ValueError(f"{subject} takes spikes 0 and 1, not {low if low < 0 else high}")
    return x


def extremes(x: Tensor) -> tuple[int, int]:
    """The least and the greatest value of ``x``; zeros where there is none."""
    if not x.numel():
        return 0, 0
    # in the order of memory, where channels come last as a rule: several times faster
    ordered = x if x.is_contiguous() or x.ndim != 5 else x.permute(0, 1, 3, 4, 2)
    low, high = ordered.aminmax()
    return int(low), int(high)


def greatest(x: Tensor) -> int:
    """The greatest magnitude in ``x``."""
    low, high = extremes(x)
    return max(-low, high)
