"""Weight scales, chosen once by least squared error and then frozen.

A scale is kept as its unit: what 1.0, a threshold, is in the integers that the layer writes.
"""

import torch
from torch import Tensor

__all__ = ["current_units", "limit", "stream_shifts"]

LARGEST_UNIT = 1 << 16
"""Bounds thresholds where a channel's weights are next to nothing."""

RATIOS = torch.linspace(0.3, 1.1, 65, dtype=torch.float64)
"""Candidates for the largest weight kept, as a fraction of the largest there is."""


def limit(bits: int) -> int:
    """The largest weight of so many bits."""
    return max(1, (1 << bits - 1) - 1)


def _error(weight: Tensor, scale: Tensor, bits: int) -> Tensor:
    """Squared error of rows of weights ``[O, K]`` at scales ``[O, 1]``: ``[O]``."""
    top = limit(bits)
    rounded = (weight / scale).round().clamp(-top, top) * scale
    return (rounded - weight).square().sum(1)


def current_units(weight: Tensor, bits: int, shift: int, *, common: bool = False) -> Tensor:
    """Units ``[O]``, whole numbers from 1, of a layer that neurons alone read.

    The weight scale is ``2**shift / unit``: any real number serves, as the unit is the threshold.
    With ``common``, all channels get one unit.
    """
    rows = weight.to(torch.float64).flatten(1)
    peak = rows.abs().amax(1)
    if common:
        peak = peak.max().expand_as(peak)
    best = torch.full_like(peak, float("inf"))
    units = torch.full_like(peak, LARGEST_UNIT)
    for ratio in RATIOS:
        scale = peak * ratio / limit(bits)
        unit = (2.0 ** shift / scale).clamp(1, LARGEST_UNIT).round()
        error = _error(rows, (2.0 ** shift / unit)[:, None], bits)
        if common:
            error = error.sum().expand_as(error)
        units = torch.where(error < best, unit, units)
        best = torch.minimum(error, best)
    return units.to(torch.float32)


def stream_shifts(weight: Tensor, bits: int, stream_bits: int, choices: int) -> Tensor:
    """Left shifts ``[O]`` that align a writer's channels to the stream's unit.

    The weight scale is ``2**(shift - stream_bits)``. Shifts are ``choices`` neighbours, picked
    together so that the error of the whole layer, each channel by its own size, is least.
    """
    rows = weight.to(torch.float64).flatten(1)
    shifts = range(stream_bits + 5)
    errors = torch.stack([_error(rows, torch.full((len(rows), 1), 2.0 ** (s - stream_bits),
                                                  dtype=torch.float64), bits) for s in shifts])
    relative = errors / rows.square().sum(1).clamp(min=1e-12)
    windows = relative.unfold(0, min(choices, len(shifts)), 1).amin(2).sum(1)
    first = int(windows.argmin())
    return errors[first:first + choices].argmin(0) + first
