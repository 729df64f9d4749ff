"""Writes a quantised network down as an integer graph."""

from typing import TYPE_CHECKING

import numpy as np

from golden.layers import HeadSum, TokenSum
from ir import IMAGE, Graph, Interval, Node, TensorType
from ir.ops import Conv, DepthwiseConv, LevelLif, Lif, Op, ParallelNeuron, Reset, SelfAttention

if TYPE_CHECKING:
    from golden.quantize.net import QuantizedNet

__all__ = ["export", "wide_layers"]

SINGLE, DOUBLE = 1 << 24, 1 << 53
"""Below these every integer is a float32, or a float64."""

ROOM = 2
"""How many times greater values may become in training before float32 does not do."""


def export(model: "QuantizedNet", name: str, notes: dict[str, str | int | float]) -> Graph:
    """The graph of a quantised network; see :meth:`QuantizedNet.graph`."""
    graph = _graph(model, name, notes)
    for node in graph.nodes:
        wide = node.name in model.wide_layers or _is_wide(node.op)
        limit = DOUBLE if wide else SINGLE
        if (reach := _reach(graph, node)) >= limit:
            raise ValueError(f"Node {node.name!r} could reach {reach}, beyond "
                             f"2**{limit.bit_length() - 1}, where floats are no longer exact; "
                             "use fewer fraction_bits, stream_bits or weight_bits")
    return graph


def wide_layers(model: "QuantizedNet") -> set[str]:
    """The layers that float32, with some room for training, could not follow."""
    graph = _graph(model, "", {})
    return {node.name for node in graph.nodes if _reach(graph, node) * ROOM >= SINGLE}


def _graph(model: "QuantizedNet", name: str, notes: dict[str, str | int | float]) -> Graph:
    types, nodes = {IMAGE: model.image}, []
    for layer_name, layer in model.named_layers():
        inputs = model.inputs[layer_name]
        read = [types[each] for each in inputs]
        try:
            op: Op = layer.op()
            types[layer_name] = op.output(*read)
        except (TypeError, ValueError) as error:
            raise ValueError(f"Layer {layer_name!r}: {error}") from error
        if isinstance(op, Lif) and inputs[0] != IMAGE and isinstance(
                model.layer(inputs[0]), HeadSum | TokenSum):
            op = _stateless(op, read[0]) or op
        nodes.append(Node(layer_name, op, inputs))
    return Graph(name, model.image, tuple(nodes), model.encoding, notes, model.activity)


def _stateless(op: Lif, current: TensorType) -> LevelLif | None:
    """A comparator that fires like these neurons on any counts, or None.

    There is one if a count that fires from rest fires at every step, and one that does not never
    fires, however often it comes: then potentials before a step make no difference.
    """
    if current.interval.low < 0 or op.reset is not Reset.TO_ZERO:
        return None
    thresholds = np.broadcast_to(op.threshold, (current.steps, op.channels))
    driven = op.drive << op.fraction_bits
    # the least count that fires from rest: floor(driven * count / divisor) >= threshold
    least = -(-thresholds * op.divisor // driven)
    if (least != least[0]).any():
        return None
    v = np.zeros(op.channels, np.int64)
    for threshold in thresholds:
        v = (op.keep * v + driven * (least[0] - 1)) // op.divisor
        if (v >= threshold).any():
            return None
    return LevelLif(threshold=least[:1], spacing=np.zeros(op.channels, np.int64))


def _is_wide(op: Op) -> bool:
    """Whether neurons are computed in float64 anyway, see :class:`IntegerLif`."""
    return isinstance(op, Lif) and (op.fraction_bits > 0 or op.keep > 1)


def _reach(graph: Graph, node: Node) -> int:
    """The greatest magnitude of anything computed on the way to a node's output."""
    read, op = [graph.types[name] for name in node.inputs], node.op
    intervals, more = [graph.types[node.name].interval], 0
    if isinstance(op, Conv | DepthwiseConv):
        intervals.append(op.accumulator(read[0].interval))
    if isinstance(op, ParallelNeuron):
        intervals.append(op.potential(read[0]))
        more = int(abs(op.threshold).max())
    if isinstance(op, SelfAttention):
        intervals.append(Interval(0, read[0].positions * read[0].interval.high**2))
    if isinstance(op, Lif | LevelLif):
        potential, current = op.potential(read[0]), read[0].interval
        fraction = op.fraction_bits if isinstance(op, Lif) else 0
        intervals += [potential, *(
            Interval(min(op.keep * v, 0) + min(op.drive * x << fraction, 0),
                     max(op.keep * v, 0) + max(op.drive * x << fraction, 0))
            for v, x in ((potential.low, current.low), (potential.high, current.high)))]
        more = int(abs(op.threshold).max())
    return more + max(max(-interval.low, interval.high) for interval in intervals)
