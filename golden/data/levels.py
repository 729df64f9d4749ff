"""Images of fewer grey levels, for networks that take such."""

from typing import TypeVar

import numpy as np
from torch import Tensor

from ir import TensorType

__all__ = ["fewer_levels", "in_levels"]

Images = TypeVar("Images", np.ndarray, Tensor)

LEVELS = 256
"""Of the pixels that data sets hold."""


def in_levels(images: Images, image: TensorType) -> Images:
    """Images of 8-bit pixels, uint8 ``[N, C, H, W]``, as a network takes them.

    A pixel of ``image`` that has only ``2**k`` levels is the highest ``k`` bits of eight. Frames
    of events ``[N, T, C, H, W]`` are counts and stay as they are.
    """
    return images if images.ndim == 5 else fewer_levels(images, image.interval.high + 1)


def fewer_levels(images: Images, levels: int) -> Images:
    """8-bit pixels of so many levels; ValueError unless that is a power of two, 2 to 256."""
    if levels not in (2, 4, 8, 16, 32, 64, 128, LEVELS):
        raise ValueError(f"Grey levels must be a power of two, 2 to {LEVELS}, not {levels}")
    shift = LEVELS.bit_length() - levels.bit_length()
    return images >> shift if shift else images
