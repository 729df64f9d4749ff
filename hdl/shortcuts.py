"""Where branches meet: what must wait there, so that nothing can lock up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from hdl.layout import Layout
from hdl.window import Window
from ir import IMAGE, Graph, Node, TensorType
from ir.ops import (
    Conv,
    DepthwiseConv,
    Gate,
    MaskAttention,
    MaxPool,
    SelfAttention,
    SumPool,
    TokenSum,
    Upsample,
)

__all__ = ["BurstBuffer", "Shortcut", "buffers", "edge_name", "needs", "shortcuts"]

IMAGES = 3
"""Images that follow each other when the buffers for full speed are sized."""

READ_AHEAD = 4
"""Positions that an engine takes in beyond what its next output needs."""

IN_PIPELINES = 40
"""Beats that the pipelines of a branch have room for: those of a transformer's block have 30 to 40
steps."""

Need = Callable[[int], int]


@dataclass(frozen=True, kw_only=True)
class BurstBuffer:
    """How many beats may wait on an edge beyond what a shortcut needs: room for stages that work in
    bursts. See :mod:`hdl.burst_buffers`."""

    beats: int

    def __post_init__(self):
        if self.beats < 1:
            raise ValueError(f"BurstBuffer beats must be at least 1, not {self.beats}")


@dataclass(frozen=True)
class Shortcut:
    """A buffer on the edge from tensor ``source`` into input ``port`` of node ``reader``.

    ``least`` positions keep the circuit from locking up; ``positions`` let every branch run at
    full speed. ``burst`` beats more are room for a stage that works in bursts.
    """

    source: str
    reader: str
    port: int
    least: int
    positions: int
    burst: int = 0

    @property
    def edge(self) -> str:
        return edge_name(self.reader, self.port)

    def depth(self, layout: Layout) -> int:
        """Beats that the buffer holds, of a tensor that travels so.

        Where every beat is a position, what is under way in pipelines are positions, too.
        """
        beats = self.positions * layout.position_beats
        if self.positions and layout.position_beats == 1:
            beats += IN_PIPELINES
        return max(2, beats + self.burst)


def edge_name(reader: str, port: int) -> str:
    """What the edge into input ``port`` of node ``reader`` is called in foldings."""
    return f"{reader}.{port}"


@lru_cache(maxsize=16)
def shortcuts(graph: Graph) -> tuple[Shortcut, ...]:
    """The buffers that a graph needs, by node and port.

    The argument. One schedule is played: the last node asks for its positions one by one, a node
    that is asked takes in what its next output needs and no more, and asks in turn. Whatever a
    fork hands to a reader that did not ask for it waits on that edge; the most that ever waits is
    ``least``. Every engine can hold what its next output needs, so with these buffers this
    schedule is possible. Nodes are determinate: what they take and give does not depend on when.
    For such networks with bounded buffers, whether they lock up does not depend on the order of
    events (a full buffer is a token that goes the other way), so if one schedule never locks up,
    the circuit's own never does. Less than ``least`` is not enough for this schedule.

    Played again on several images, with engines that read ahead, it gives ``positions``.
    """
    least = _Play(graph, 1, lambda node, port: 0).run()
    ample = _Play(graph, IMAGES, lambda node, port: _ahead(graph, node, port)).run()
    return tuple(
        Shortcut(source, node.name, port, least[node.name, port],
                 max(least[node.name, port], ample[node.name, port]))
        for node in graph.nodes for port, source in enumerate(node.inputs)
        if least[node.name, port] or ample[node.name, port])


def buffers(graph: Graph, foldings: Mapping[str, object]) -> tuple[Shortcut, ...]:
    """The shortcuts, and the buffers that are among the foldings, by :func:`edge_name`.

    Raises ValueError for a buffer on an edge that the graph does not have.
    """
    beats = {edge: each.beats for edge, each in foldings.items() if isinstance(each, BurstBuffer)}
    known = {shortcut.edge: shortcut for shortcut in shortcuts(graph)}
    found = []
    for node in graph.nodes:
        for port, source in enumerate(node.inputs):
            edge = edge_name(node.name, port)
            shortcut, burst = known.get(edge), beats.pop(edge, 0)
            if shortcut or burst:
                found.append(replace(shortcut or Shortcut(source, node.name, port, 0, 0),
                                     burst=burst))
    for edge in beats:
        raise ValueError(f"{graph.name!r} has no edge {edge!r} for a buffer; edges are called "
                         f"READER.PORT, as {edge_name(graph.nodes[0].name, 0)!r}")
    return tuple(found)


def needs(node: Node, types: Mapping[str, TensorType], port: int) -> Need:
    """How many positions input ``port`` must have given before output position ``j`` leaves."""
    a, out = types[node.inputs[port]], types[node.name]
    every, last = a.positions, out.positions - 1
    match node.op:
        case Conv() | DepthwiseConv() | MaxPool() | SumPool():
            window = Window.of(node.op, a)
            return lambda j: window.need(*divmod(j, window.out_columns)) + 1
        case MaskAttention() | SelfAttention() | TokenSum():
            return lambda j: every
        case Gate() if port and every == 1:
            return lambda j: 1
        case Upsample(factor=factor):
            # a row is repeated from memory, and the next one is taken in when it is over
            return lambda j: every if j == last else (
                j // out.width // factor * a.width + j % out.width // factor + 1)
        case _:
            return lambda j: j + 1


def _ahead(graph: Graph, node: Node, port: int) -> int:
    a = graph.types[node.inputs[port]]
    match node.op:
        case Conv() | DepthwiseConv() | MaxPool() | SumPool() | Upsample():
            return READ_AHEAD
        case MaskAttention() | SelfAttention():
            return a.positions
        case Gate() if port and a.positions == 1:
            return 1
        case _:
            return 0


class _Play:
    """The schedule: who asks whom, and what waits meanwhile."""

    def __init__(self, graph: Graph, images: int, ahead: Callable[[Node, int], int]):
        self.graph, self.images = graph, images
        self.nodes = {node.name: node for node in graph.nodes}
        self.edges = {name: [(node.name, port) for node in graph.nodes
                             for port, source in enumerate(node.inputs) if source == name]
                      for name in graph.types}
        self.taken = {edge: 0 for edges in self.edges.values() for edge in edges}
        self.waiting = dict.fromkeys(self.taken, 0)
        self.most = dict.fromkeys(self.taken, 0)
        self.given = dict.fromkeys(graph.types, 0)
        self.asks = {(node.name, port): self._stream(node, port, ahead(node, port))
                     for node in graph.nodes for port in range(len(node.inputs))}
        # What a join reads ahead waits in front of it; the others have room inside.
        self.takes = {(name, port): self._stream(self.nodes[name], port, 0)
                      if len(self.nodes[name].inputs) > 1 else asks
                      for (name, port), asks in self.asks.items()}
        self.order = self._order()

    def run(self) -> dict[tuple[str, int], int]:
        """The most positions that wait on each edge, by reader and port."""
        last = self.graph.nodes[-1].name
        for _ in range(self.images):
            self._give(last)
        assert not any(self.waiting.values()), "an image left positions behind"
        return self.most

    def _stream(self, node: Node, port: int, ahead: int) -> Need:
        """The positions needed in a stream of images, read ahead over their borders."""
        types = self.graph.types
        every, out = types[node.inputs[port]].positions, types[node.name].positions
        needed = [needs(node, types, port)(j) for j in range(out)]
        total = self.images * every
        return lambda j: min(total, j // out * every + needed[j % out] + ahead)

    def _order(self) -> dict[str, list[int]]:
        """The ports of each node, the one at the end of the longest path first."""
        depth = {IMAGE: 0}
        order = {}
        for node in self.graph.nodes:
            lengths = [depth[name] for name in node.inputs]
            order[node.name] = sorted(range(len(lengths)), key=lambda p: -lengths[p])
            steps = self.graph.types[node.inputs[0]].positions
            whole = needs(node, self.graph.types, 0)(0) == steps
            depth[node.name] = max(lengths) + (1_000_000 if whole and steps > 1 else 1)
        return order

    def _give(self, name: str) -> None:
        """Let node ``name`` make its next position."""
        if name in self.nodes:
            asked = self.given[name]
            for port in self.order[name]:
                edge, source = (name, port), self.nodes[name].inputs[port]
                while self.taken[edge] + self.waiting[edge] < self.asks[edge](asked):
                    self._give(source)
                    if len(self.nodes[name].inputs) == 1:
                        self._take(edge)
            for port in self.order[name]:
                self._take((name, port))
        self.given[name] += 1
        # What waits while something else happens is in a buffer; the rest passes hand to hand.
        for edge, count in self.waiting.items():
            self.most[edge] = max(self.most[edge], count)
        for edge in self.edges[name]:
            self.waiting[edge] += 1

    def _take(self, edge: tuple[str, int]) -> None:
        needed = self.takes[edge](self.given[edge[0]])
        while self.waiting[edge] and self.taken[edge] < needed:
            self.waiting[edge] -= 1
            self.taken[edge] += 1
