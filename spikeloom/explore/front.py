"""Which trials nobody beats in everything, and one figure to rank them by."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["EXPONENT", "OBJECTIVES", "fitness", "front", "spread", "values"]

Row = dict[str, Any]

OBJECTIVES: Mapping[str, bool] = {"accuracy": True, "energy_uj": False, "latency_us": False,
                                  "luts": False}
"""The figures that are searched for, and whether more of each is better."""

EXPONENT = -0.07
"""Of the energy in :func:`fitness`: MnasNet's, twice the energy for 5 % more accuracy."""


def values(row: Row) -> list[float]:
    """The objectives of a trial."""
    return [float(row[name]) for name in OBJECTIVES]


def fitness(row: Row) -> float:
    """Accuracy and energy as one figure: ``accuracy * (energy / 1 uJ) ** EXPONENT``.

    The form is that of MnasNet's objective (Tan et al., CVPR 2019, equation 2) with energy for
    latency. Auto-Spikformer balances the two by a formula that its public code does not hold:
    this one is ours.
    """
    return row["accuracy"] * row["energy_uj"] ** EXPONENT


def front(rows: Sequence[Row]) -> list[Row]:
    """Those rows that no other beats: as good in every objective and better in one.

    Of rows that are equal in all of them the first stays.
    """
    table = _costs(rows)
    kept = []
    for i, mine in enumerate(table):
        beaten = (table <= mine).all(1) & (table < mine).any(1)
        same = (table[:i] == mine).all(1)
        if not beaten.any() and not same.any():
            kept.append(rows[i])
    return kept


def spread(rows: Sequence[Row]) -> list[Row]:
    """The rows in an order whose every beginning covers the front well.

    The fittest first; then always the one that is farthest from all before it, each objective
    (but accuracy as its logarithm) scaled to its range.
    """
    if not rows:
        return []
    table = _costs(rows)
    table[:, 1:] = np.log(np.maximum(table[:, 1:], 1e-12))
    width = np.ptp(table, axis=0)
    table = (table - table.min(0)) / np.where(width > 0, width, 1)
    order = [max(range(len(rows)), key=lambda i: fitness(rows[i]))]
    distance = np.full(len(rows), np.inf)
    while len(order) < len(rows):
        distance = np.minimum(distance, np.square(table - table[order[-1]]).sum(1))
        distance[order] = -1
        order.append(int(distance.argmax()))
    return [rows[i] for i in order]


def _costs(rows: Sequence[Row]) -> np.ndarray:
    """``[rows, objectives]``, less being better."""
    signs = [-1.0 if more else 1.0 for more in OBJECTIVES.values()]
    return np.array([values(row) for row in rows]).reshape(-1, len(signs)) * signs
