"""Writes a quantised model down as an integer graph."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from golden.models.config import Attention
from golden.models.neurons import Lif as Neurons
from golden.quantize.synapse import IntegerSynapse
from ir import IMAGE, Graph, Node, pixels
from ir.ops import (
    Add,
    Conv,
    Lif,
    MaskAttention,
    Op,
    Repeat,
    SelfAttention,
    TimeSum,
    TokenSum,
)

if TYPE_CHECKING:
    from golden.quantize.model import QuantizedModel

__all__ = ["export"]

EXACT = 1 << 24
"""Below this every integer is a float32."""


class _Writer:
    """Collects nodes; every method returns the name of what it made."""

    def __init__(self):
        self.nodes: list[Node] = []

    def add(self, name: str, op: Op, *inputs: str) -> str:
        self.nodes.append(Node(name, op, inputs))
        return name

    def conv(self, name: str, layer: IntegerSynapse, x: str) -> str:
        with torch.no_grad():
            weight, _, bias = (values.to(torch.float64).numpy() for values in layer.integers())
        return self.add(name, Conv(weight=weight.astype(np.int64), bias=bias.astype(np.int64),
                                   shift=layer.shift.numpy(), weight_bits=layer.bits,
                                   stride=layer.stride, padding=layer.kernel // 2,
                                   pad_value=layer.zero), x)

    def lif(self, name: str, neurons: Neurons, channels: int, x: str) -> str:
        threshold = neurons.threshold.expand(channels).numpy().astype(np.int64)
        return self.add(name, Lif(threshold=threshold), x)


def export(model: "QuantizedModel", name: str, notes: dict[str, str | int | float]) -> Graph:
    """The graph of a quantised model; see :meth:`QuantizedModel.graph`."""
    config, writer = model.config, _Writer()
    x = writer.conv("stem0", model.stem[0], IMAGE)
    if config.steps > 1:
        x = writer.add("stem0_repeat", Repeat(steps=config.steps), x)
    for i, neurons in enumerate(model.stem_lifs):
        x = writer.lif(f"stem{i}_lif", neurons, config.stem[i], x)
        x = writer.conv(f"stem{i + 1}", model.stem[i + 1], x)
    if model.rpe is not None:
        y = writer.lif("rpe_lif", model.rpe_lif, config.dim, x)
        x = writer.add("rpe_add", Add(), x, writer.conv("rpe", model.rpe, y))
    for i, block in enumerate(model.blocks):
        x = _block(writer, f"block{i}", block, config, x)
    x = writer.add("pool", TokenSum(), x)
    x = writer.lif("head_lif", model.head_lif, config.dim, x)
    x = writer.add("count", TimeSum(), x)
    writer.conv("head", model.head, x)
    graph = Graph(name, pixels(config.channels, config.height, config.width),
                  tuple(writer.nodes), config.encoding, notes)
    _check_exact(graph)
    return graph


def _block(writer: _Writer, name: str, block, config, x: str) -> str:
    y = writer.lif(f"{name}_lif", block.lif, config.dim, x)
    y = writer.conv(f"{name}_qkv", block.qkv, y)
    y = writer.lif(f"{name}_qkv_lif", block.qkv_lif, 3 * config.dim, y)
    if config.attention is Attention.MASK:
        y = writer.add(f"{name}_attn", MaskAttention(), y)
    else:
        y = writer.add(f"{name}_attn", SelfAttention(heads=config.heads), y)
        y = writer.lif(f"{name}_attn_lif", block.attn_lif, config.dim, y)
    x = writer.add(f"{name}_add", Add(), x, writer.conv(f"{name}_proj", block.proj, y))
    y = writer.lif(f"{name}_mlp_lif", block.mlp_lif, config.dim, x)
    y = writer.conv(f"{name}_fc1", block.fc1, y)
    y = writer.lif(f"{name}_fc1_lif", block.fc1_lif, config.hidden, y)
    return writer.add(f"{name}_mlp_add", Add(), x, writer.conv(f"{name}_fc2", block.fc2, y))


def _check_exact(graph: Graph) -> None:
    """Refuse a graph that float32 could not follow: sums, and a neuron's potential plus input."""
    for node in graph.nodes:
        intervals = [graph.types[node.name].interval]
        if isinstance(node.op, Conv):
            intervals.append(node.op.accumulator(graph.types[node.inputs[0]].interval))
        if isinstance(node.op, Lif):
            current = graph.types[node.inputs[0]].interval
            intervals += [node.op.potential(current) + current]
        for interval in intervals:
            if max(-interval.low, interval.high) >= EXACT:
                raise ValueError(f"Node {node.name!r} could reach {interval}, beyond 2**24, where "
                                 "float32 is no longer exact; use fewer fraction_bits, "
                                 "stream_bits or weight_bits")
