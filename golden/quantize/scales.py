"""Weight scales, chosen once by least squared error and then frozen.

A scale is kept as its unit: what 1.0, a threshold, is in the integers that the layer writes.
Weights come as they weigh integers: divided by the unit of what they read.
"""

import math

import torch
from torch import Tensor

__all__ = ["current_units", "limit", "stream_resolution", "stream_shifts"]

LARGEST_UNIT = 1 << 16
"""Bounds thresholds where a channel's weights on spikes or pixels are next to nothing."""

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


def current_units(weight: Tensor, bits: int, shift: int, *, common: bool = False,
                  largest: float = LARGEST_UNIT) -> Tensor:
    """Units ``[O]``, whole numbers from 1, of a layer that neurons alone read.

    The weight scale is ``2**shift / unit``: any real number serves, as the unit is the threshold.
    With ``common``, all channels get one unit.
    """
    rows = weight.to(torch.float64).flatten(1)
    peak = rows.abs().amax(1)
    if common:
        peak = peak.max().expand_as(peak)
    best = torch.full_like(peak, float("inf"))
    units = torch.full_like(peak, largest)
    for ratio in RATIOS:
        scale = peak * ratio / limit(bits)
        unit = (2.0 ** shift / scale).clamp(1, largest).round()
        error = _error(rows, (2.0 ** shift / unit)[:, None], bits)
        if common:
            error = error.sum().expand_as(error)
        units = torch.where(error < best, unit, units)
        best = torch.minimum(error, best)
    return units.to(torch.float32)


def stream_resolution(weight: Tensor, bits: int) -> int:
    """The least power of two that, as a stream's unit, most channels' weights fill their bits in.

    Sums can only be shifted up, so a stream is as fine as the finest that is weighed into it.
    """
    peaks = weight.to(torch.float64).flatten(1).abs().amax(1)
    peak = float(peaks[peaks > 0].quantile(0.25)) if bool((peaks > 0).any()) else 1.0
    return math.ceil(math.log2(limit(bits) / peak))


def stream_shifts(weight: Tensor, bits: int, unit: float, choices: int) -> Tensor:
    """Left shifts ``[O]`` that align a writer's channels to the stream's unit.

    The weight scale is ``2**shift / unit``. Shifts are ``choices`` neighbours, picked together so
    that the error of the whole layer, each channel by its own size, is least.
    """
    rows = weight.to(torch.float64).flatten(1)
    shifts = range(math.floor(math.log2(unit)) + 5)
    errors = torch.stack([_error(rows, torch.full((len(rows), 1), 2.0 ** s / unit,
                                                  dtype=torch.float64), bits) for s in shifts])
    relative = errors / rows.square().sum(1).clamp(min=1e-12)
    windows = relative.unfold(0, min(choices, len(shifts)), 1).amin(2).sum(1)
    first = int(windows.argmin())
    return errors[first:first + choices].argmin(0) + first
