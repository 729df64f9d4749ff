# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Chooses foldings: the least area for a rate, or the most rate for an area."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from hdl.cost import area
from hdl.cuts import Cuts
from hdl.layout import Layout
from hdl.lowering import Known, Lowering, Stage, lower
from hdl.ops import ConvFolding, Folding, SelfAttentionFolding
from ir import IMAGE, Budget, Graph, Node
from ir.ops import Conv, SelfAttention

__all__ = ["DoesNotFit", "least", "solve"]

LARGEST_DRAIN = 4
LARGEST_SCAN = 8
RATE = 0.25
"""Spike rate that is assumed where no activity was measured."""


class DoesNotFit(ValueError):
    """A design that is larger than what it may use.

    Attributes
    ----------
    need, budget : :class:`Budget`
        What the smallest design takes, and what there is.
    """

    def __init__(self, name: str, need: Budget, budget: Budget):
        self.need, self.budget = need, budget
        short = ", ".join(f"{resource} {getattr(need, resource)} of "
                          f"{getattr(budget, resource)} ({amount} too many)"
                          for resource, amount in need.excess(budget).items())
        super().__init__(f"{name!r} does not fit, folded as small as it can be: {short}")


def solve(graph: Graph, budget: Budget, *, tensors: Mapping[str, np.ndarray] | None = None,
          fps: float | None = None, clock_mhz: float = 100.0,
          fit: float = 0.8) -> dict[str, Folding]:
    """Choose a folding for every node that has one.

    Starts from the smallest design and widens the slowest stage, as long as that helps: until
    ``fps`` images per second are reached at ``clock_mhz``, or, without ``fps``, until the fraction
    ``fit`` of ``budget`` is used.

    ``tensors`` are golden traces of a few images, ``[N, T, C, H, W]``: the activity to balance
    for; without them every layer is taken to spike at a rate of 0.25.

    Raises DoesNotFit when even the smallest design is larger than the budget, ValueError for an
    unreachable ``fps`` or a ``fit`` outside 0 to 1.
    """
    if not 0 < fit <= 1:
        raise ValueError(f"fit must be above 0 and at most 1, not {fit}")
    if fps is not None and fps <= 0:
        raise ValueError(f"fps must be positive, not {fps}")
    tensors = tensors if tensors is not None else _assumed(graph)
    search = _Search(graph, tensors)
    foldings = search.least()
    if (need := search.area(foldings)).excess(budget):
        raise DoesNotFit(graph.name, need, budget)
    limit = budget.scaled(fit if fps is None else 1.0)
    wanted = clock_mhz * 1e6 / fps if fps is not None else 0.0
    while True:
        stages = search.services(foldings)
        slowest = max(stages, key=lambda name: stages[name])
        if stages[slowest] <= wanted:
            return foldings
        better = search.widened(foldings, slowest, stages[slowest], limit)
        if better is None:
            if fps is not None:
                raise ValueError(f"{graph.name!r} reaches {clock_mhz * 1e6 / stages[slowest]:.0f} "
                                 f"images per second at {clock_mhz} MHz, not {fps:g}: stage "
                                 f"{slowest!r} needs {stages[slowest]:.0f} cycles per image")
            return foldings
        foldings = better


def least(graph: Graph) -> dict[str, Folding]:
    """The smallest foldings of a graph."""
    return _Search(graph, {}).least()


class _Search:
    """What one search knows: cuts, and every stage that was tried."""

    def __init__(self, graph: Graph, tensors: Mapping[str, np.ndarray]):
        self.graph, self.tensors = graph, tensors
        self.nodes = {node.name: node for node in graph.nodes}
        self.cuts = Cuts(graph)
        self.known: Known = {}
        self.measured: dict[Stage, float] = {}

    def area(self, foldings: Mapping[str, Folding]) -> Budget:
        return area(self.graph, foldings, self.known)

    def services(self, foldings: Mapping[str, Folding]) -> dict[str, float]:
        """Cycles per image of each stage by itself."""
        found = {}
        stages = Lowering(self.graph, foldings, self.known).stages
        for name, stage in stages.items():
            if stage not in self.measured:
                self.measured[stage] = stage.service(
                    tuple(self.tensors[source] for source in self.nodes[name].inputs))
            found[name] = self.measured[stage]
        return found

    def least(self) -> dict[str, Folding]:
        foldings: dict[str, Folding] = {}
        for node in self.graph.nodes:
            if isinstance(node.op, Conv):
                lanes = 1 if self._final(node) else next(self._lanes(node))
                foldings[node.name] = ConvFolding(lanes=lanes, drain=1, scan=1)
            elif isinstance(node.op, SelfAttention):
                foldings[node.name] = SelfAttentionFolding(drain=1)
        return self._scanning(foldings)

    def widened(self, foldings: dict[str, Folding], slowest: str, cycles: float,
                limit: Budget) -> dict[str, Folding] | None:
        """The cheapest change that makes stage ``slowest`` faster within ``limit``, if any."""
        best, cheapest = None, None
        for candidate in self._changes(foldings, slowest):
            candidate = self._scanning(candidate)
            if candidate == foldings:
                continue
            need = self.area(candidate)
            if need.excess(limit):
                continue
            gain = cycles - self.services(candidate)[slowest]
            if gain > 0 and (cheapest is None or need.luts / gain < cheapest):
                best, cheapest = candidate, need.luts / gain
        return best

    def _final(self, node: Node) -> bool:
        return node is self.graph.nodes[-1]

    def _lanes(self, node: Node) -> Iterator[int]:
        """The lanes that a convolution can have, from the least."""
        limit = self.cuts.limit(node.name)
        return (lanes for lanes in range(1, limit + 1)
                if limit % lanes == 0 and (lanes >= 4 or limit < 4))

    def _scanning(self, foldings: dict[str, Folding]) -> dict[str, Folding]:
        """Searches that fit the beats that arrive: as wide as a beat, at most as a block."""
        result = dict(foldings)
        layouts = {IMAGE: Layout(self.graph.image, self.graph.image.channels, 1)}
        for node in self.graph.nodes:
            inputs = tuple(layouts[name] for name in node.inputs)
            if isinstance(node.op, Conv):
                (a,) = inputs
                fitting = [scan for scan in range(a.lanes, a.block + 1, a.lanes)
                           if a.block % scan == 0]
                within = [scan for scan in fitting if scan <= LARGEST_SCAN]
                scan = max(within, default=fitting[0])
                result[node.name] = replace(result[node.name], scan=scan)
            stage = lower(node, inputs, result.get(node.name), self.known)
            layouts[node.name] = stage.component.out
        return result

    def _changes(self, foldings: dict[str, Folding], slowest: str) -> Iterator[dict]:
        """Foldings that may help ``slowest``: wider itself, or where it takes its cut from."""
        name: str | None = slowest if slowest in self.nodes else None
        while name is not None:
            if name in foldings:
                node = self.nodes[name]
                if isinstance(node.op, SelfAttention):
                    yield from self._wider_attention(foldings, node)
                else:
                    yield from self._wider_convolutions(foldings, node)
                if name != slowest:
                    return
            name = self.nodes[name].inputs[0]
            name = name if name in self.nodes else None

    def _wider_attention(self, foldings: dict[str, Folding], node: Node) -> Iterator[dict]:
        head = node.op.head_channels(self.graph.types[node.inputs[0]])
        yield from (foldings | {node.name: SelfAttentionFolding(drain=drain)}
                    for drain in range(foldings[node.name].drain + 1, LARGEST_DRAIN + 1)
                    if head % drain == 0)

    def _wider_convolutions(self, foldings: dict[str, Folding], node: Node) -> Iterator[dict]:
        now = foldings[node.name]
        for lanes in self._lanes(node):
            drains = [1] if self._final(node) else [
                drain for drain in range(1, LARGEST_DRAIN + 1) if lanes % drain == 0]
            for drain in drains:
                if lanes >= now.lanes and drain >= now.drain and (lanes, drain) != (now.lanes,
                                                                                   now.drain):
                    yield foldings | {name: replace(foldings[name], lanes=lanes, drain=drain)
                                      for name in self.cuts.writers(node.name)}


def _assumed(graph: Graph) -> dict[str, np.ndarray]:
    """One image's tensors at the assumed rate, drawn alike every time."""
    rng = np.random.default_rng(0)
    return {name: rng.integers(kind.interval.low, kind.interval.high + 1, (1, *kind.shape))
            * (rng.random((1, *kind.shape)) < RATE * (2 if not kind.is_spikes else 1))
            if not kind.is_spikes else (rng.random((1, *kind.shape)) < RATE).astype(np.int64)
            for name, kind in graph.types.items()}
