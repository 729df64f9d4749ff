"""Writes a quantised model down as an integer graph."""

from typing import TYPE_CHECKING

import torch

from golden.models.config import Attention
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
    """Collects a model's nodes; every method returns the name of what it made."""

    def __init__(self, model: "QuantizedModel"):
        self.config = model.config
        self.synapses, self.neurons = model.synapses(), model.neurons()
        self.nodes: list[Node] = []

    def add(self, name: str, op: Op, *inputs: str) -> str:
        self.nodes.append(Node(name, op, inputs))
        return name

    def conv(self, name: str, x: str) -> str:
        layer = self.synapses[name]
        with torch.no_grad():
            weight, _, bias = (values.to(torch.int64).numpy() for values in layer.integers())
        return self.add(name, Conv(weight=weight, bias=bias, shift=layer.shift.numpy(),
                                   weight_bits=layer.bits, stride=layer.stride,
                                   padding=layer.kernel // 2, pad_value=layer.zero), x)

    def lif(self, name: str, channels: int, x: str) -> str:
        threshold = self.neurons[name].threshold.expand(channels).to(torch.int64)
        return self.add(name, Lif(threshold=threshold.numpy()), x)

    def stem(self) -> str:
        x = self.conv("stem0", IMAGE)
        if self.config.steps > 1:
            x = self.add("stem0_repeat", Repeat(steps=self.config.steps), x)
        for i, channels in enumerate(self.config.stem):
            x = self.conv(f"stem{i + 1}", self.lif(f"stem{i}_lif", channels, x))
        if self.config.position:
            y = self.conv("rpe", self.lif("rpe_lif", self.config.dim, x))
            x = self.add("rpe_add", Add(), x, y)
        return x

    def block(self, name: str, x: str) -> str:
        dim = self.config.dim
        y = self.conv(f"{name}_qkv", self.lif(f"{name}_lif", dim, x))
        y = self.lif(f"{name}_qkv_lif", 3 * dim, y)
        if self.config.attention is Attention.MASK:
            y = self.add(f"{name}_attn", MaskAttention(), y)
        else:
            y = self.add(f"{name}_attn", SelfAttention(heads=self.config.heads), y)
            y = self.lif(f"{name}_attn_lif", dim, y)
        x = self.add(f"{name}_add", Add(), x, self.conv(f"{name}_proj", y))
        y = self.conv(f"{name}_fc1", self.lif(f"{name}_mlp_lif", dim, x))
        y = self.conv(f"{name}_fc2", self.lif(f"{name}_fc1_lif", self.config.hidden, y))
        return self.add(f"{name}_mlp_add", Add(), x, y)

    def head(self, x: str) -> str:
        x = self.lif("head_lif", self.config.dim, self.add("pool", TokenSum(), x))
        return self.conv("head", self.add("count", TimeSum(), x))


def export(model: "QuantizedModel", name: str, notes: dict[str, str | int | float]) -> Graph:
    """The graph of a quantised model; see :meth:`QuantizedModel.graph`."""
    config, writer = model.config, _Writer(model)
    x = writer.stem()
    for i in range(config.blocks):
        x = writer.block(f"block{i}", x)
    writer.head(x)
    graph = Graph(name, pixels(config.channels, config.height, config.width),
                  tuple(writer.nodes), config.encoding, notes)
    _check_exact(graph)
    return graph


def _check_exact(graph: Graph) -> None:
    """Refuse a graph that float32 could not follow: sums, and a neuron's potential plus input."""
    for node in graph.nodes:
        intervals = [graph.types[node.name].interval]
        if isinstance(node.op, Conv):
            intervals.append(node.op.accumulator(graph.types[node.inputs[0]].interval))
        if isinstance(node.op, Lif):
            current = graph.types[node.inputs[0]].interval
            intervals += [node.op.potential(graph.types[node.inputs[0]]) + current]
        for interval in intervals:
            if max(-interval.low, interval.high) >= EXACT:
                raise ValueError(f"Node {node.name!r} could reach {interval}, beyond 2**24, where "
                                 "float32 is no longer exact; use fewer fraction_bits, "
                                 "stream_bits or weight_bits")
