"""Bits that the memories of a network move for one image: of weights, states and buffers.

Counted from what is computed, whatever circuit does it, but for weights, those that a circuit's
convolutions read (`reads.py`; without a circuit, one for each operation), and for attentions that a
circuit makes scores for first. Of a neuron or a sum, its state read and written between the steps
that it lasts; of a window, every input written once and read for each output that it reaches. What
passes on wires alone moves no bits here.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ir import Graph, TensorType
from ir.ops import (
    Conv,
    DepthwiseConv,
    LevelLif,
    Lif,
    MaskAttention,
    MaxPool,
    SelfAttention,
    SumPool,
    TimeSum,
    TokenSum,
)
from spikeloom.energy.operations import Counts

__all__ = ["Traffic", "traffic"]

Moved = tuple[float, float, float, float]
"""Bits of states read and written, and of buffers read and written."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Bits that one node's memories move for one image.

    Parameters
    ----------
    name, op : str
    weights : float
        Read.
    state_read, state_written : float
        Of membrane potentials, and of sums that go on over steps or tokens.
    buffer_read, buffer_written : float
        Of inputs that wait for the window, or the attention, that they belong to.
    """

    name: str
    op: str
    weights: float
    state_read: float
    state_written: float
    buffer_read: float
    buffer_written: float

    @property
    def bits(self) -> float:
        """All of them."""
        return (self.weights + self.state_read + self.state_written + self.buffer_read
                + self.buffer_written)


def traffic(graph: Graph, counted: Mapping[str, Counts],
            read: Mapping[str, float], scores: Collection[str] = ()) -> tuple[Traffic, ...]:
    """Of every node, in the graph's order.

    ``counted`` holds the operations of those with any, ``read`` the bits of weights of those that
    a circuit reads otherwise than one for each operation, ``scores`` the attentions that make
    scores first, not K^T V.
    """
    found = []
    for node in graph.nodes:
        kind = graph.types[node.inputs[0]]
        weights = counted[node.name].weight_bits if node.name in counted else 0.0
        weights = read.get(node.name, weights)
        if isinstance(node.op, SelfAttention):
            moved = (_scores(node.op, kind) if node.name in scores
                     else _sums(node.op, kind, counted[node.name]))
        else:
            moved = _MOVED.get(type(node.op), _nothing)(node.op, kind)
        found.append(Traffic(name=node.name, op=type(node.op).__name__, weights=weights,
                             state_read=moved[0], state_written=moved[1],
                             buffer_read=moved[2], buffer_written=moved[3]))
    return tuple(found)


def _nothing(op: Any, kind: TensorType) -> Moved:
    return 0.0, 0.0, 0.0, 0.0


def _window(op: Conv | DepthwiseConv | MaxPool | SumPool, kind: TensorType) -> Moved:
    """Inputs wait where windows overlap or are wider than one position."""
    if op.kernel == 1:
        return _nothing(op, kind)
    positions = op.output(kind).positions
    bits = kind.interval.bits
    read = kind.steps * kind.channels * op.kernel**2 * positions * bits
    return 0.0, 0.0, float(read), float(kind.values * bits)


def _neuron(op: Lif | LevelLif, kind: TensorType) -> Moved:
    """The potential between two steps; none where a neuron forgets."""
    steps = kind.steps - 1 if op.keep else 0
    bits = float(steps * kind.channels * kind.positions * op.potential(kind).bits)
    return bits, bits, 0.0, 0.0


def _time_sum(op: TimeSum, kind: TensorType) -> Moved:
    bits = float((kind.steps - 1) * kind.channels * kind.positions
                 * op.output(kind).interval.bits)
    return bits, bits, 0.0, 0.0


def _token_sum(op: TokenSum, kind: TensorType) -> Moved:
    bits = float(kind.steps * kind.channels * (kind.positions - 1)
                 * op.output(kind).interval.bits)
    return bits, bits, 0.0, 0.0


def _masks(op: MaskAttention, kind: TensorType) -> Moved:
    """A mask for each channel, read and written with every token; the queries wait for it."""
    bits = float(kind.values // 3)
    return bits, bits, bits, bits


def _sums(op: SelfAttention, kind: TensorType, counts: Counts) -> Moved:
    """A sum of K^T V is read for each operation, and written for those that make it; the queries
    wait until all tokens are in."""
    bits = (kind.positions * kind.interval.high**2).bit_length()
    queries = float(kind.values // op.parts * kind.interval.bits)
    return (counts.acs + counts.macs) * bits, counts.kept * bits, queries, queries


def _scores(op: SelfAttention, kind: TensorType) -> Moved:
    """All wait until the last token is in; each query is read once, and all keys and values with
    it. Scores and their sums stay in registers."""
    bits = kind.values * kind.interval.bits
    queries = bits / op.parts
    return 0.0, 0.0, queries + (bits - queries) * kind.positions, float(bits)


_MOVED: dict[type, Callable[[Any, TensorType], Moved]] = {
    Conv: _window, DepthwiseConv: _window, MaxPool: _window, SumPool: _window, Lif: _neuron,
    LevelLif: _neuron, MaskAttention: _masks, TimeSum: _time_sum, TokenSum: _token_sum}
