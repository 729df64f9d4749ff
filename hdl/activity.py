"""Data to fold for where none was measured."""

import numpy as np

from ir import Graph

__all__ = ["RATE", "assumed"]

RATE = 0.25
"""Spike rate that is assumed where no activity was measured."""


def assumed(graph: Graph) -> dict[str, np.ndarray]:
    """One image's tensors, ``[1, T, C, H, W]``: spikes at :data:`RATE`, drawn alike every time.

    Of values that are no spikes, twice as many are not zero.
    """
    rng = np.random.default_rng(0)
    return {name: rng.integers(kind.interval.low, kind.interval.high + 1, (1, *kind.shape))
            * (rng.random((1, *kind.shape)) < 2 * RATE)
            if not kind.is_spikes else (rng.random((1, *kind.shape)) < RATE).astype(np.int64)
            for name, kind in graph.types.items()}
