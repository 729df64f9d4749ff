# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""One streaming component per operator, by the same stem as its spec in ``ir.ops``."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from amaranth.lib import wiring

from hdl.layout import Layout
from hdl.ops.add import AddLanes
from hdl.ops.concat import ConcatLanes
from hdl.ops.conv import ConvFolding, ConvForm, conv_lanes
from hdl.ops.depthwise_conv import DepthwiseConvLanes
from hdl.ops.gate import GateLanes
from hdl.ops.head_sum import HeadSumLanes
from hdl.ops.level_lif import LevelLifLanes
from hdl.ops.lif import LifLanes
from hdl.ops.mask_attention import mask_attention_lanes
from hdl.ops.max_pool import MaxPoolLanes
from hdl.ops.parallel_neuron import ParallelNeuronLanes
from hdl.ops.repeat import RepeatLanes
from hdl.ops.self_attention import Association, SelfAttentionFolding, self_attention
from hdl.ops.slice import SliceLanes
from hdl.ops.sum_pool import SumPoolLanes
from hdl.ops.time_sum import TimeSumLanes
from hdl.ops.token_sum import TokenSumLanes
from hdl.ops.upsample import UpsampleLanes
from hdl.shortcuts import BurstBuffer
from ir import Node
from ir.ops import (
    Add,
    Concat,
    Conv,
    DepthwiseConv,
    Gate,
    HeadSum,
    LevelLif,
    Lif,
    MaskAttention,
    MaxPool,
    Op,
    ParallelNeuron,
    Repeat,
    SelfAttention,
    Slice,
    SumPool,
    TimeSum,
    TokenSum,
    Upsample,
)

__all__ = ["LOWERINGS", "Association", "ConvFolding", "ConvForm", "Folding",
           "SelfAttentionFolding"]

Folding = ConvFolding | SelfAttentionFolding | BurstBuffer
"""How much of an operator happens at once; the others take the cut of their input. Of an edge, by
:func:`hdl.shortcuts.edge_name`: how much may wait there."""

LOWERINGS: Mapping[type[Op], Callable[[Node, list[Layout], Folding | None],
                                      wiring.Component]] = MappingProxyType({
    Add: lambda node, inputs, folding: AddLanes(node.op, *inputs),
    Concat: lambda node, inputs, folding: ConcatLanes(node.op, *inputs),
    Conv: lambda node, inputs, folding: conv_lanes(node.op, *inputs, folding, name=node.name),
    DepthwiseConv: lambda node, inputs, folding: DepthwiseConvLanes(node.op, *inputs,
                                                                    name=node.name),
    Gate: lambda node, inputs, folding: GateLanes(node.op, *inputs),
    HeadSum: lambda node, inputs, folding: HeadSumLanes(node.op, *inputs),
    LevelLif: lambda node, inputs, folding: LevelLifLanes(node.op, *inputs, name=node.name),
    Lif: lambda node, inputs, folding: LifLanes(node.op, *inputs, name=node.name),
    MaskAttention: lambda node, inputs, folding: mask_attention_lanes(node.op, *inputs),
    MaxPool: lambda node, inputs, folding: MaxPoolLanes(node.op, *inputs),
    ParallelNeuron: lambda node, inputs, folding: ParallelNeuronLanes(node.op, *inputs,
                                                                      name=node.name),
    Repeat: lambda node, inputs, folding: RepeatLanes(node.op, *inputs),
    SelfAttention: lambda node, inputs, folding: self_attention(node.op, *inputs, folding),
    Slice: lambda node, inputs, folding: SliceLanes(node.op, *inputs),
    SumPool: lambda node, inputs, folding: SumPoolLanes(node.op, *inputs),
    TimeSum: lambda node, inputs, folding: TimeSumLanes(node.op, *inputs),
    TokenSum: lambda node, inputs, folding: TokenSumLanes(node.op, *inputs),
    Upsample: lambda node, inputs, folding: UpsampleLanes(node.op, *inputs),
})
