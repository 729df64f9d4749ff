"""Inputs of kernels, and a run that tries them in every type."""

import numpy as np
import torch

from golden.ops import KERNELS

__all__ = ["SPIKES", "integers", "run"]

SPIKES = torch.zeros(1, 1, 6, 2, 2, dtype=torch.int64)


def integers(seed: int, low: int, high: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, shape, endpoint=True)


def run(op, *inputs: np.ndarray) -> np.ndarray:
    """What the kernel makes, of 64-bit integers and of the smallest that hold the inputs alike."""
    wide, small = (KERNELS[type(op)](op, *(torch.from_numpy(x.astype(kind)) for x, kind in each))
                   for each in ([(x, np.int64) for x in inputs],
                                [(x, smallest(x)) for x in inputs]))
    assert not wide.is_floating_point()
    assert torch.equal(wide.long(), small.long())
    return wide.numpy()


def smallest(x: np.ndarray) -> type:
    return next(kind for kind in (np.int8, np.int16, np.int32, np.int64)
                if np.iinfo(kind).min <= x.min() and x.max() <= np.iinfo(kind).max)
