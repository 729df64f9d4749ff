"""Data to fold for where there are no images: drawn at the activity that the graph states."""

import numpy as np

from ir import Graph, TensorType

__all__ = ["RATE", "drawn"]

RATE = 0.25
"""Spike rate that is assumed where the graph states no activity."""


def drawn(graph: Graph) -> dict[str, np.ndarray]:
    """One image's tensors, ``[1, T, C, H, W]``, drawn alike every time.

    As many values are not zero as ``graph.activity`` says; without it spikes come at
    :data:`RATE`, and twice as many of other values are not zero.
    """
    rng = np.random.default_rng(0)
    return {name: _tensor(kind, graph.activity.get(name), rng)
            for name, kind in graph.types.items()}


def _tensor(kind: TensorType, share: float | None, rng: np.random.Generator) -> np.ndarray:
    shape = (1, *kind.shape)
    if kind.is_spikes:
        return (rng.random(shape) < (RATE if share is None else share)).astype(np.int64)
    values = rng.integers(kind.interval.low, kind.interval.high + 1, shape)
    return values * (rng.random(shape) < (2 * RATE if share is None else share))
