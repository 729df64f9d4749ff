"""What every kernel refuses."""

import torch
from torch import Tensor

__all__ = ["check_integers", "check_spikes"]

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def check_integers(subject: str, x: Tensor) -> Tensor:
    """``x`` as int64 ``[N, T, C, H, W]``; TypeError for floats, ValueError for other axes."""
    if x.dtype not in INTEGERS:
        raise TypeError(f"{subject} takes integers, not {x.dtype}")
    if x.ndim != 5:
        raise ValueError(f"{subject} takes [N, T, C, H, W], not {x.ndim} axes")
    return x.to(torch.int64)


def check_spikes(subject: str, x: Tensor) -> Tensor:
    """``x`` as int64, where it is nothing but 0 and 1; else ValueError with the value."""
    x = check_integers(subject, x)
    if x.numel():
        low, high = (int(value) for value in x.aminmax())
        if low < 0 or high > 1:
            raise ValueError(f"{subject} takes spikes 0 and 1, not {low if low < 0 else high}")
    return x
