"""Writes a quantised network down as an integer graph."""

from typing import TYPE_CHECKING

import numpy as np

from golden.layers import HeadSum, TokenSum
from ir import IMAGE, Graph, Interval, Node, TensorType
from ir.ops import Conv, DepthwiseConv, LevelLif, Lif, Op, ParallelNeuron, Reset, SelfAttention

if TYPE_CHECKING:
    from golden.quantize.net import QuantizedNet

__all__ = ["InexactError", "export"]

SINGLE, DOUBLE = 1 << 24, 1 << 53
"""Below these every integer is a float32, or a float64."""


class InexactError(ValueError):
    """A value could reach where floats are no longer exact."""


def export(model: "QuantizedNet", name: str, notes: dict[str, str | int | float]) -> Graph:
    """The graph of a quantised network; see :meth:`QuantizedNet.graph`."""
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
    graph = Graph(name, model.image, tuple(nodes), model.encoding, notes)
    _check_exact(graph, DOUBLE if model.wide else SINGLE)
    return graph


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


def _check_exact(graph: Graph, limit: int) -> None:
    """Refuse a graph that floats could not follow: sums, and all that neurons compute."""
    for node in graph.nodes:
        read = [graph.types[name] for name in node.inputs]
        intervals = [graph.types[node.name].interval]
        bound = limit
        if isinstance(node.op, Conv | DepthwiseConv):
            intervals.append(node.op.accumulator(read[0].interval))
        if isinstance(node.op, ParallelNeuron):
            intervals.append(node.op.potential(read[0]))
            bound -= int(abs(node.op.threshold).max())
        if isinstance(node.op, SelfAttention):
            intervals.append(Interval(0, read[0].positions * read[0].interval.high**2))
        if isinstance(node.op, Lif | LevelLif):
            op, potential, current = node.op, node.op.potential(read[0]), read[0].interval
            fraction = op.fraction_bits if isinstance(op, Lif) else 0
            if fraction or isinstance(op, Lif) and op.keep > 1:
                bound = DOUBLE
            low, high = (op.keep * v + (op.drive * x << fraction)
                         for v, x in ((potential.low, current.low),
                                      (potential.high, current.high)))
            intervals.append(Interval(min(low, 0), max(high, 0)))
        for interval in intervals:
            if max(-interval.low, interval.high) >= bound:
                raise InexactError(f"Node {node.name!r} could reach {interval}, beyond "
                                   f"2**{bound.bit_length() - 1}, where floats are no longer "
                                   "exact; use fewer fraction_bits, stream_bits or weight_bits")
