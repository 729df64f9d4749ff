"""Buffers against bursts: what else may wait on an edge, so that stages do not wait for each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hdl.ops import Folding
from hdl.shortcuts import BurstBuffer, edge_name
from hdl.timing import Timing, timing
from ir import IMAGE, Graph

__all__ = ["Bursts", "against_bursts"]

NEAR = 0.98
"""Share of the slowest stage's pace at which a pipeline is left as it is."""

GAIN = 0.01
"""Share of the cycles that buffers must save to be worth their place."""

SLACK = 0.002
"""Share of the cycles that may be given back where buffers get smaller."""

MOST, FEWEST = 512, 8
"""Beats that a buffer holds at most, one block RAM of ordinary beats, and at least."""

IMAGES = 6
"""Images that the pipeline is played with, one after the other."""


@dataclass(frozen=True, kw_only=True)
class Bursts:
    """Beats of buffers by edge, and the cycles per image of the whole pipeline; estimated.

    Parameters
    ----------
    beats : mapping of ``READER.PORT`` to int
    before, after : float
        Without the buffers, and with them.
    """

    beats: Mapping[str, int]
    before: float
    after: float

    def __str__(self) -> str:
        buffers = ", ".join(f"{edge} {beats}" for edge, beats in self.beats.items())
        return (f"{self.before:.0f} cycles per image of the whole pipeline, {self.after:.0f} with "
                f"buffers of so many beats: {buffers}")

    @property
    def foldings(self) -> dict[str, Folding]:
        return _buffers(self.beats)


def _buffers(beats: Mapping[str, int]) -> dict[str, Folding]:
    return {edge: BurstBuffer(beats=each) for edge, each in beats.items()}


def against_bursts(graph: Graph, foldings: Mapping[str, Folding],
                   tensors: Mapping[str, np.ndarray],
                   fits: Callable[[Mapping[str, Folding]], bool]) -> Bursts | None:
    """The buffers with which a folded pipeline comes near the pace of its slowest stage.

    A stage whose work comes in bursts is at one time faster than the next one and at another time
    slower; without a buffer it waits then. The whole pipeline is played with real traces: first
    with large buffers on every edge, then without those that make no difference, and at last with
    the others as small as they can be.

    Parameters
    ----------
    foldings : mapping
        Of all nodes; buffers that are given there stay.
    tensors : mapping
        Golden traces of at least two images, ``[N, T, C, H, W]``.
    fits : callable
        Whether foldings with buffers are small enough.

    Returns None where the pipeline is near that pace already, where buffers save less than
    :data:`GAIN`, or where what saves it does not fit. Raises ValueError for a single image: how
    images follow each other is what matters.
    """
    if len(tensors[IMAGE]) < 2:
        raise ValueError("Buffers against bursts need at least two calibration images, not "
                         f"{len(tensors[IMAGE])}")
    plan = _Plan(graph, foldings, {name: x[:IMAGES] for name, x in tensors.items()})
    alone, edges = plan.play({}), plan.edges()
    before = _interval(alone)
    if alone.bound_cycles_per_image >= NEAR * before:
        return None
    ample = plan.cycles(dict.fromkeys(edges, MOST))
    if ample > before * (1 - GAIN):
        return None
    goal = max(ample * (1 + SLACK), alone.bound_cycles_per_image / NEAR)
    beats = plan.smallest(dict.fromkeys(plan.needed([], edges, goal), MOST), goal)
    found = Bursts(beats=beats, before=before, after=plan.cycles(beats))
    return found if fits({**foldings, **found.foldings}) else None


def _interval(found: Timing) -> float:
    assert found.cycles_per_image is not None, "there are several images"
    return found.cycles_per_image


@dataclass(frozen=True)
class _Plan:
    """Buffers that are tried."""

    graph: Graph
    foldings: Mapping[str, Folding]
    tensors: Mapping[str, np.ndarray]

    def edges(self) -> list[str]:
        """All edges without a buffer of this kind; what the image reads is no stage's burst."""
        names = (edge_name(node.name, port) for node in self.graph.nodes
                 for port, source in enumerate(node.inputs) if source != IMAGE)
        return [name for name in names if name not in self.foldings]

    def play(self, beats: Mapping[str, int]) -> Timing:
        return timing(self.graph, {**self.foldings, **_buffers(beats)}, self.tensors)

    def cycles(self, beats: Mapping[str, int]) -> float:
        return _interval(self.play(beats))

    def needed(self, kept: Sequence[str], edges: Sequence[str], goal: float) -> list[str]:
        """Those of ``edges`` that must have a buffer, ``kept`` having one in any case."""
        if self.cycles(dict.fromkeys(kept, MOST)) <= goal:
            return []
        if len(edges) == 1:
            return list(edges)
        half = len(edges) // 2
        first = self.needed([*kept, *edges[half:]], edges[:half], goal)
        return [*first, *self.needed([*kept, *first], edges[half:], goal)]

    def smallest(self, beats: dict[str, int], goal: float) -> dict[str, int]:
        """The same edges, each with half of the beats as long as that is enough."""
        for edge in beats:
            while (fewer := beats[edge] // 2) >= FEWEST and (
                    self.cycles({**beats, edge: fewer}) <= goal):
                beats = {**beats, edge: fewer}
        return beats
