"""The operations of each kind of node, counted on the tensors that it reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ir import Graph, Node, TensorType
from ir.ops import (
    Conv,
    DepthwiseConv,
    HeadSum,
    MaskAttention,
    ParallelNeuron,
    Repeat,
    SelfAttention,
)

__all__ = ["COUNTED", "Counts", "count", "repeats"]

MOST = 30
"""The highest count that papers take for as many spikes; what is higher is a number."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Operations of one node for one image, averages over the images that were looked at.

    Parameters
    ----------
    rate : float or None
        Share of the inputs that were spikes; None where it does not read spikes.
    macs, acs : float
        Executed multiply-accumulates (zeros included) and accumulates.
    dense : float
        Those if every input had been a spike, in all time steps.
    weight_bits : float
        Bits of weights read, one weight for each operation.
    flops : float
        Operations as a counter of FLOPs finds them: padding included, in all time steps.
    events : float or None
        ``flops`` times the mean input, where inputs are spikes or small counts. Of an attention,
        each product with the mean of the rarer operand.
    kept : float
        Of an attention: the operations whose sums are kept until the queries come.
    """

    rate: float | None = None
    macs: float = 0.0
    acs: float = 0.0
    dense: float = 0.0
    weight_bits: float = 0.0
    flops: float = 0.0
    events: float | None = None
    kept: float = 0.0


def count(node: Node, kind: TensorType, values: np.ndarray, repeated: int = 1) -> Counts:
    """Count a node's operations on ``values`` ``[N, T, C, H, W]`` of type ``kind``.

    ``repeated`` is how many time steps share what it computes, see :func:`repeats`.
    """
    found = COUNTED[type(node.op)](node.op, kind, values)
    events = None if found.events is None else found.events * repeated
    return replace(found, flops=found.flops * repeated, events=events)


def repeats(graph: Graph) -> Mapping[str, int]:
    """For nodes whose result a :class:`ir.ops.Repeat` shares among time steps: among how many."""
    shared: dict[str, int] = {}
    for node in reversed(graph.nodes):
        factor = node.op.steps if isinstance(node.op, Repeat) else shared.get(node.name)
        if factor is not None:
            shared.update(dict.fromkeys(node.inputs, factor))
    return shared


def _conv(op: Conv, kind: TensorType, values: np.ndarray) -> Counts:
    return _weighted(op, kind, values, op.out_channels)


def _depthwise_conv(op: DepthwiseConv, kind: TensorType, values: np.ndarray) -> Counts:
    return _weighted(op, kind, values, 1)


def _weighted(op: Conv | DepthwiseConv, kind: TensorType, values: np.ndarray,
              fan_out: int) -> Counts:
    """Operations of a convolution whose inputs reach ``fan_out`` channels each."""
    rows, columns = _reached(kind.height, op), _reached(kind.width, op)
    fan = kind.steps * kind.channels * fan_out
    dense = fan * float(rows.sum() * columns.sum())
    outputs = op.output(kind)
    flops = fan * float(op.kernel**2 * outputs.positions)
    if not kind.is_spikes:
        return replace(_multiplications(dense, dense * op.weight_bits), flops=flops,
                       events=flops * _mean(values) if _countable(kind) else None)
    spikes = values.sum((1, 2), dtype=np.int64)
    acs = fan_out * float((spikes * np.outer(rows, columns)).sum()) / len(values)
    return replace(_accumulates(values, acs, dense, acs * op.weight_bits), flops=flops,
                   events=flops * _mean(values))


def _reached(size: int, op: Conv | DepthwiseConv) -> np.ndarray:
    """For each row (or column) of the input, how many rows of the output it reaches."""
    outputs = (size + 2 * op.padding - op.kernel) // op.stride + 1
    offsets = np.arange(size)[:, None] - np.arange(outputs) * op.stride + op.padding
    return ((offsets >= 0) & (offsets < op.kernel)).sum(1)


def _head_sum(op: HeadSum, kind: TensorType, values: np.ndarray) -> Counts:
    """A step of the sum for each spike."""
    if not kind.is_spikes:
        return _multiplications(float(kind.values))
    return _accumulates(values, float(values.sum(dtype=np.int64)) / len(values), kind.values)


def _mask_attention(op: MaskAttention, kind: TensorType, values: np.ndarray) -> Counts:
    """A step of the OR for each key that meets its value."""
    _, key, value = np.split(values, 3, axis=2)
    acs = float(np.sum(key & value, dtype=np.int64)) / len(values)
    counts = _accumulates(values, acs, kind.values / 3)
    return replace(counts, events=counts.flops * min(_mean(key), _mean(value)))


def _parallel_neuron(op: ParallelNeuron, kind: TensorType, values: np.ndarray) -> Counts:
    """A multiplication for each weight that is not zero, in every neuron."""
    return _multiplications(float(np.count_nonzero(op.weight)) * kind.channels * kind.positions)


def _self_attention(op: SelfAttention, kind: TensorType, values: np.ndarray) -> Counts:
    """Pairs of key and value spikes of a token, then one sum for each query spike and channel."""
    d, e = op.head_channels(kind), op.head_channels(kind) * op.value_ratio
    dense = 2.0 * kind.steps * kind.positions * op.heads * d * e
    images, steps, _, height, width = values.shape
    wide = op.heads * d
    parts = np.split(values, [wide, 2 * wide], axis=2)
    q, k, v = map(_mean, parts)
    events = dense / 2 * (min(k, v) + q) if _countable(kind) else None
    if not kind.is_spikes:
        return replace(_multiplications(dense), events=events, kept=dense / 2)
    query, key, value = (
        part.reshape(images, steps, op.heads, -1, height * width).sum(3, dtype=np.int64)
        for part in parts)
    pairs, sums = (float(total) / images for total in ((key * value).sum(), e * query.sum()))
    return replace(_accumulates(values, pairs + sums, dense), events=events, kept=pairs)


def _accumulates(spikes: np.ndarray, acs: float, dense: float, weight_bits: float = 0.0) -> Counts:
    return Counts(rate=_mean(spikes), acs=acs, dense=float(dense), weight_bits=weight_bits,
                  flops=float(dense), events=float(dense) * _mean(spikes))


def _multiplications(dense: float, weight_bits: float = 0.0) -> Counts:
    return Counts(macs=dense, dense=dense, weight_bits=weight_bits, flops=dense)


def _countable(kind: TensorType) -> bool:
    return kind.interval.low == 0 and kind.interval.high <= MOST


def _mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64))


COUNTED: dict[type, Callable[[Any, TensorType, np.ndarray], Counts]] = {
    Conv: _conv, DepthwiseConv: _depthwise_conv, HeadSum: _head_sum,
    MaskAttention: _mask_attention, ParallelNeuron: _parallel_neuron,
    SelfAttention: _self_attention}
"""The operators that have operations worth counting, and how they are counted."""
