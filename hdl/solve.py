# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Chooses foldings: the least area for a rate, or the most rate for an area."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from hdl.cost import area
from hdl.layout import Layout
from hdl.network import Network
from hdl.ops import ConvFolding, Folding, SelfAttentionFolding
from ir import IMAGE, Budget, Graph, Node
from ir.ops import Add, Conv, Lif, MaskAttention, SelfAttention

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
    foldings = least(graph)
    if (need := area(graph, foldings)).excess(budget):
        raise DoesNotFit(graph.name, need, budget)
    limit = budget.scaled(fit if fps is None else 1.0)
    wanted = clock_mhz * 1e6 / fps if fps is not None else 0.0
    measured: dict = {}
    while True:
        stages = _services(graph, foldings, tensors, measured)
        slowest = max(stages, key=lambda name: stages[name])
        if stages[slowest] <= wanted:
            return foldings
        better = _widened(graph, foldings, tensors, slowest, stages[slowest], limit, measured)
        if better is None:
            if fps is not None:
                raise ValueError(f"{graph.name!r} reaches {clock_mhz * 1e6 / stages[slowest]:.0f} "
                                 f"images per second at {clock_mhz} MHz, not {fps:g}: stage "
                                 f"{slowest!r} needs {stages[slowest]:.0f} cycles per image")
            return foldings
        foldings = better


def least(graph: Graph) -> dict[str, Folding]:
    """The smallest foldings of a graph."""
    foldings: dict[str, Folding] = {}
    for node in graph.nodes:
        if isinstance(node.op, Conv):
            final = node is graph.nodes[-1]
            lanes = 1 if final else next(iter(_lanes(graph, node)))
            foldings[node.name] = ConvFolding(lanes=lanes, drain=1, scan=1)
        elif isinstance(node.op, SelfAttention):
            foldings[node.name] = SelfAttentionFolding(drain=1)
    return _consistent(graph, foldings)


def _lanes(graph: Graph, node: Node) -> Iterator[int]:
    """The lanes that a convolution can have, from the least."""
    channels = node.op.out_channels
    if _feeds_attention(graph, node):
        channels //= 3
    return (lanes for lanes in range(1, channels + 1) if channels % lanes == 0 and
            (lanes >= 4 or channels < 4))


def _feeds_attention(graph: Graph, node: Node) -> bool:
    readers = graph.readers(node.name)
    while readers and isinstance(readers[0].op, Lif):
        readers = graph.readers(readers[0].name)
    return any(isinstance(reader.op, MaskAttention | SelfAttention) for reader in readers)


def _trunk(graph: Graph, node: Node) -> set[str]:
    """The convolutions that write the same residual stream, ``node`` among them."""
    nodes = {n.name: n for n in graph.nodes}
    group, changed = {node.name}, True
    while changed:
        changed = False
        for other in graph.nodes:
            if isinstance(other.op, Add) and group & {other.name, *other.inputs}:
                new = {other.name, *other.inputs} - group
                group |= new
                changed |= bool(new)
    return {name for name in group if name in nodes and isinstance(nodes[name].op, Conv)}


def _consistent(graph: Graph, foldings: dict[str, Folding]) -> dict[str, Folding]:
    """Searches that fit the beats that arrive: as wide as a beat, at most as a block."""
    result = dict(foldings)
    layouts = {IMAGE: Layout(graph.image, graph.image.channels, 1)}
    for node in graph.nodes:
        a = layouts[node.inputs[0]]
        if isinstance(node.op, Conv):
            fitting = [scan for scan in range(a.lanes, a.block + 1, a.lanes)
                       if a.block % scan == 0]
            within = [scan for scan in fitting if scan <= LARGEST_SCAN]
            scan = max(within, default=fitting[0])
            folding = result[node.name] = replace(result[node.name], scan=scan)
            layouts[node.name] = Layout(graph.types[node.name], folding.lanes, folding.drain)
        elif isinstance(node.op, SelfAttention):
            head = node.op.head_channels(graph.types[node.inputs[0]])
            layouts[node.name] = Layout(graph.types[node.name], head, result[node.name].drain)
        else:
            layouts[node.name] = a.retyped(graph.types[node.name])
    return result


def _widened(graph: Graph, foldings: dict[str, Folding], tensors: Mapping[str, np.ndarray],
             slowest: str, cycles: float, limit: Budget, measured: dict):
    """The cheapest change that makes stage ``slowest`` faster within ``limit``; None without."""
    best, cheapest = None, None
    for candidate in _changes(graph, foldings, slowest):
        candidate = _consistent(graph, candidate)
        if candidate == foldings:
            continue
        need = area(graph, candidate)
        if need.excess(limit):
            continue
        gain = cycles - _services(graph, candidate, tensors, measured)[slowest]
        if gain > 0 and (cheapest is None or need.luts / gain < cheapest):
            best, cheapest = candidate, need.luts / gain
    return best


def _changes(graph: Graph, foldings: dict[str, Folding], slowest: str) -> Iterator[dict]:
    """Foldings that may help ``slowest``: wider itself, or where it takes its cut from."""
    nodes = {node.name: node for node in graph.nodes}
    name: str | None = slowest if slowest in nodes else None
    while name is not None:
        if name in foldings:
            node = nodes[name]
            if isinstance(node.op, SelfAttention):
                head = node.op.head_channels(graph.types[node.inputs[0]])
                yield from (foldings | {name: SelfAttentionFolding(drain=drain)}
                            for drain in range(foldings[name].drain + 1, LARGEST_DRAIN + 1)
                            if head % drain == 0)
            else:
                yield from _wider_convolutions(graph, foldings, node)
            if name != slowest:
                return
        name = nodes[name].inputs[0] if name in nodes else None
        name = name if name in nodes else None


def _wider_convolutions(graph: Graph, foldings: dict[str, Folding], node: Node) -> Iterator[dict]:
    final = node is graph.nodes[-1]
    group = _trunk(graph, node)
    now = foldings[node.name]
    for lanes in _lanes(graph, node):
        drains = [1] if final else [drain for drain in range(1, LARGEST_DRAIN + 1)
                                    if lanes % drain == 0]
        for drain in drains:
            if lanes >= now.lanes and drain >= now.drain and (lanes, drain) != (now.lanes,
                                                                               now.drain):
                yield foldings | {name: replace(foldings[name], lanes=lanes, drain=drain)
                                  for name in group}


def _services(graph: Graph, foldings: dict[str, Folding], tensors: Mapping[str, np.ndarray],
              measured: dict) -> dict[str, float]:
    """:func:`hdl.timing.services`, each engine and cut computed once."""
    network = Network(graph, foldings)
    found = {}
    for node in graph.nodes:
        inputs = tuple((network.layouts[name].block, network.layouts[name].lanes)
                       for name in node.inputs)
        key = (node.name, foldings.get(node.name), inputs)
        if key not in measured:
            model = network.components[node.name].timing(
                *(tensors[name] for name in node.inputs))
            measured[key] = model.service()
        found[node.name] = measured[key]
    return found


def _assumed(graph: Graph) -> dict[str, np.ndarray]:
    """One image's tensors at the assumed rate, drawn alike every time."""
    rng = np.random.default_rng(0)
    return {name: rng.integers(kind.interval.low, kind.interval.high + 1, (1, *kind.shape))
            * (rng.random((1, *kind.shape)) < RATE * (2 if not kind.is_spikes else 1))
            if not kind.is_spikes else (rng.random((1, *kind.shape)) < RATE).astype(np.int64)
            for name, kind in graph.types.items()}
