"""Modelled energy: operations of a traced run, times what an operation costs by convention.

The convention is the literature's: a layer that reads pixels or counts multiplies and accumulates
(MAC), a layer that reads spikes accumulates (AC) once per synapse that a spike reaches; an
operation has the energy that Horowitz (ISSCC 2014) gives for 45 nm. Parallel neurons count as the
multiplications of their matrix; other neurons, residual additions, gates, pooling and all wires
are left out. So the figure compares networks with each other and with papers;
it is no measurement of an FPGA. The int8 figures are not comparable to the fp32 ones of papers.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ir import Graph, TensorType
from ir.ops import (
    Conv,
    DepthwiseConv,
    HeadSum,
    MaskAttention,
    ParallelNeuron,
    SelfAttention,
)

__all__ = ["FP32", "INT8", "Convention", "Energy", "LayerEnergy", "model_energy"]

KIND = "modelled"

Counts = dict[str, Any]
"""The counted fields of a :class:`LayerEnergy`."""


@dataclass(frozen=True)
class Convention:
    """Picojoules of a multiply-accumulate, of an accumulate, and of reading a bit of a weight."""

    name: str
    mac: float
    ac: float
    bit: float = 10 / 64
    """64 bits from a memory of 8 KB: 10 pJ."""


FP32 = Convention("fp32", 4.6, 0.9)
"""What papers on spiking networks quote."""

INT8 = Convention("int8", 0.23, 0.03)
"""Nearer to what integer hardware does."""


@dataclass(frozen=True, kw_only=True)
class LayerEnergy:
    """Operations of one layer for one image, averages over the traced images.

    Parameters
    ----------
    name, op : str
    rate : float or None
        Share of the layer's inputs that were spikes; None where it does not read spikes.
    macs : float
        Multiply-accumulates, zeros included: they are not skipped where values are numbers.
    acs : float
        Accumulates that were executed: synapses that spikes reached, up to the map's border.
    dense : float
        The same if every input had been a spike, in all time steps.
    weight_bits : float
        Bits of weights read, one weight for each operation.
    """

    name: str
    op: str
    rate: float | None
    macs: float
    acs: float
    dense: float
    weight_bits: float

    def picojoules(self, convention: Convention) -> float:
        """Energy of the operations alone."""
        return self.macs * convention.mac + self.acs * convention.ac

    def memory_picojoules(self, convention: Convention) -> float:
        """Energy of reading the weights."""
        return self.weight_bits * convention.bit

    def mixed(self, other: "LayerEnergy", share: float) -> "LayerEnergy":
        """``share`` of this and the rest of ``other``."""
        means = {name: share * mine + (1 - share) * getattr(other, name)
                 for name, mine in vars(self).items() if isinstance(mine, float)}
        return replace(self, **means)


@dataclass(frozen=True)
class Energy:
    """Modelled energy of a network for one image, average over ``images`` traced ones."""

    images: int
    layers: tuple[LayerEnergy, ...]

    def nanojoules(self, convention: Convention) -> float:
        """Energy of all operations, as papers count it."""
        return sum(layer.picojoules(convention) for layer in self.layers) / 1000

    def memory_nanojoules(self, convention: Convention) -> float:
        """Energy of reading the weights, which papers leave out."""
        return sum(layer.memory_picojoules(convention) for layer in self.layers) / 1000

    @property
    def acs(self) -> float:
        return sum(layer.acs for layer in self.layers)

    @property
    def macs(self) -> float:
        return sum(layer.macs for layer in self.layers)

    def joined(self, other: "Energy") -> "Energy":
        """The averages over both sets of images, of one network."""
        images = self.images + other.images
        share = self.images / images
        return Energy(images, tuple(a.mixed(b, share)
                                    for a, b in zip(self.layers, other.layers, strict=True)))

    def as_dict(self) -> dict:
        """For JSON; ``kind`` says that nothing here was measured."""
        return {
            "kind": KIND, "images": self.images, "sops": self.acs, "macs": self.macs,
            **{f"{c.name}_nj": self.nanojoules(c) for c in (FP32, INT8)},
            "weight_memory_nj": self.memory_nanojoules(INT8),
            "layers": [asdict(layer) for layer in self.layers],
        }


def model_energy(graph: Graph, trace: Mapping[str, np.ndarray]) -> Energy:
    """Count the operations of ``graph`` on the images that were traced.

    ``trace`` holds, by name, the tensors ``[N, T, C, H, W]`` that the graph's convolutions and
    attentions read. Raises ValueError when one is missing.
    """
    counted = [node for node in graph.nodes if type(node.op) in _COUNTERS]
    if missing := [node.inputs[0] for node in counted if node.inputs[0] not in trace]:
        raise ValueError(f"The trace lacks tensor {missing[0]!r}, which energy is counted from")
    layers = tuple(
        LayerEnergy(name=node.name, op=type(node.op).__name__,
                    **_COUNTERS[type(node.op)](node.op, graph.types[node.inputs[0]],
                                               trace[node.inputs[0]]))
        for node in counted)
    return Energy(len(trace[counted[0].inputs[0]]) if counted else 0, layers)


def _conv(op: Conv, kind: TensorType, values: np.ndarray) -> Counts:
    return _weighted(op, kind, values, op.out_channels)


def _depthwise_conv(op: DepthwiseConv, kind: TensorType, values: np.ndarray) -> Counts:
    return _weighted(op, kind, values, 1)


def _weighted(op: Conv | DepthwiseConv, kind: TensorType, values: np.ndarray,
              fan_out: int) -> Counts:
    """Operations of a convolution whose inputs reach ``fan_out`` channels each."""
    rows = _reached(kind.height, op)
    columns = _reached(kind.width, op)
    dense = kind.steps * kind.channels * fan_out * float(rows.sum() * columns.sum())
    if not kind.is_spikes:
        return _multiplications(dense, dense * op.weight_bits)
    spikes = values.sum((1, 2), dtype=np.int64)
    acs = fan_out * float((spikes * np.outer(rows, columns)).sum()) / len(values)
    return _accumulates(values, acs, dense, acs * op.weight_bits)


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
    return _accumulates(values, acs, kind.values / 3)


def _parallel_neuron(op: ParallelNeuron, kind: TensorType, values: np.ndarray) -> Counts:
    """A multiplication for each weight that is not zero, in every neuron."""
    return _multiplications(float(np.count_nonzero(op.weight)) * kind.channels * kind.positions)


def _self_attention(op: SelfAttention, kind: TensorType, values: np.ndarray) -> Counts:
    """Pairs of key and value spikes of a token, then one sum for each query spike and channel."""
    d, e = op.head_channels(kind), op.head_channels(kind) * op.value_ratio
    dense = 2.0 * kind.steps * kind.positions * op.heads * d * e
    if not kind.is_spikes:
        return _multiplications(dense)
    images, steps, _, height, width = values.shape
    wide = op.heads * d
    query, key, value = (
        part.reshape(images, steps, op.heads, -1, height * width).sum(3, dtype=np.int64)
        for part in np.split(values, [wide, 2 * wide], axis=2))
    acs = float((key * value).sum() + e * query.sum()) / images
    return _accumulates(values, acs, dense)


def _accumulates(spikes: np.ndarray, acs: float, dense: float, weight_bits: float = 0.0) -> Counts:
    return {"rate": float(spikes.mean()), "macs": 0.0, "acs": acs, "dense": float(dense),
            "weight_bits": weight_bits}


def _multiplications(dense: float, weight_bits: float = 0.0) -> Counts:
    return {"rate": None, "macs": dense, "acs": 0.0, "dense": dense, "weight_bits": weight_bits}


_COUNTERS: dict[type, Callable[..., Counts]] = {
    Conv: _conv, DepthwiseConv: _depthwise_conv, HeadSum: _head_sum,
    MaskAttention: _mask_attention, ParallelNeuron: _parallel_neuron,
    SelfAttention: _self_attention}
