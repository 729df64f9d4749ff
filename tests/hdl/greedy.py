"""A plain way to fold: from the least design on, the slowest stage gets the cheapest widening.

What the solver finds must not be larger. Stages are widened one at a time, by at most 4 beats of
output and 8 channels of search per cycle.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from hdl.cost import area
from hdl.cuts import Cuts
from hdl.layout import Layout
from hdl.lowering import Known, Lowering, Stage, lower
from hdl.ops import ConvFolding, Folding, SelfAttentionFolding
from ir import IMAGE, Graph, Node
from ir.ops import Conv, SelfAttention

__all__ = ["Greedy"]


class Greedy:
    """One search; ``tensors`` as for :func:`hdl.solve.find`."""

    def __init__(self, graph: Graph, tensors: Mapping[str, np.ndarray]):
        self.graph, self.tensors = graph, tensors
        self.nodes = {node.name: node for node in graph.nodes}
        self.cuts, self.known = Cuts(graph), Known()
        self.measured: dict[Stage, float] = {}

    def reaching(self, cycles: float) -> tuple[dict[str, Folding], float]:
        """Foldings of at most so many cycles, or of as few as it can, and their cycles."""
        foldings = self._least()
        while True:
            stages = self._services(foldings)
            slowest = max(stages, key=lambda name: stages[name])
            if stages[slowest] <= cycles:
                return foldings, stages[slowest]
            wider = self._widened(foldings, slowest, stages[slowest])
            if wider is None:
                return foldings, stages[slowest]
            foldings = wider

    def _services(self, foldings: Mapping[str, Folding]) -> dict[str, float]:
        found = {}
        for name, stage in Lowering(self.graph, foldings, self.known).stages.items():
            if stage not in self.measured:
                self.measured[stage] = stage.service(
                    tuple(self.tensors[source] for source in self.nodes[name].inputs))
            found[name] = self.measured[stage]
        return found

    def _least(self) -> dict[str, Folding]:
        foldings: dict[str, Folding] = {}
        for node in self.graph.nodes:
            if isinstance(node.op, Conv):
                lanes = 1 if node is self.graph.nodes[-1] else next(self._lanes(node))
                foldings[node.name] = ConvFolding(lanes=lanes, drain=1, scan=1)
            elif isinstance(node.op, SelfAttention):
                foldings[node.name] = SelfAttentionFolding(drain=1)
        return self._scanning(foldings)

    def _widened(self, foldings: dict[str, Folding], slowest: str,
                 cycles: float) -> dict[str, Folding] | None:
        best, cheapest = None, None
        for candidate in self._changes(foldings, slowest):
            candidate = self._scanning(candidate)
            gain = cycles - self._services(candidate)[slowest]
            if gain > 0:
                price = area(self.graph, candidate, self.known).luts / gain
                if cheapest is None or price < cheapest:
                    best, cheapest = candidate, price
        return best

    def _lanes(self, node: Node) -> Iterator[int]:
        limit = self.cuts.limit(node.name)
        return (lanes for lanes in range(1, limit + 1)
                if limit % lanes == 0 and (lanes >= 4 or limit < 4))

    def _scanning(self, foldings: dict[str, Folding]) -> dict[str, Folding]:
        result = dict(foldings)
        layouts = {IMAGE: Layout(self.graph.image, self.graph.image.channels, 1)}
        for node in self.graph.nodes:
            inputs = tuple(layouts[name] for name in node.inputs)
            if isinstance(node.op, Conv):
                (a,) = inputs
                fitting = [scan for scan in range(a.lanes, a.block + 1, a.lanes)
                           if a.block % scan == 0]
                scan = max((scan for scan in fitting if scan <= 8), default=fitting[0])
                result[node.name] = replace(result[node.name], scan=scan)
            stage = lower(node, inputs, result.get(node.name), self.known)
            layouts[node.name] = stage.component.out
        return result

    def _changes(self, foldings: dict[str, Folding], slowest: str) -> Iterator[dict]:
        name: str | None = slowest
        while name is not None:
            node = self.nodes[name]
            if name in foldings:
                yield from self._wider(foldings, node)
                if name != slowest:
                    return
            name = node.inputs[0] if node.inputs[0] in self.nodes else None

    def _wider(self, foldings: dict[str, Folding], node: Node) -> Iterator[dict]:
        now = foldings[node.name]
        if isinstance(node.op, SelfAttention):
            head = node.op.head_channels(self.graph.types[node.inputs[0]])
            yield from (foldings | {node.name: SelfAttentionFolding(drain=drain)}
                        for drain in range(now.drain + 1, 5) if head % drain == 0)
            return
        for lanes in self._lanes(node):
            drains = [1] if node is self.graph.nodes[-1] else [
                drain for drain in range(1, 5) if lanes % drain == 0]
            for drain in drains:
                if lanes >= now.lanes and drain >= now.drain and (lanes, drain) != (
                        now.lanes, now.drain):
                    yield foldings | {name: replace(foldings[name], lanes=lanes, drain=drain)
                                      for name in self.cuts.writers(node.name)}
