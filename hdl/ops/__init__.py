# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""One streaming component per operator, by the same stem as its spec in ``ir.ops``."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from amaranth.lib import wiring

from hdl.layout import Layout
from hdl.ops.add import AddLanes
from hdl.ops.conv import ConvEngine, ConvFolding
from hdl.ops.lif import LifLanes
from hdl.ops.mask_attention import MaskAttentionLanes
from hdl.ops.repeat import RepeatLanes
from hdl.ops.self_attention import SelfAttentionEngine, SelfAttentionFolding
from hdl.ops.time_sum import TimeSumLanes
from hdl.ops.token_sum import TokenSumLanes
from ir import Node
from ir.ops import Add, Conv, Lif, MaskAttention, Op, Repeat, SelfAttention, TimeSum, TokenSum

__all__ = ["LOWERINGS", "ConvFolding", "Folding", "SelfAttentionFolding"]

Folding = ConvFolding | SelfAttentionFolding
"""How much of an operator happens at once; the others take the cut of their input."""

LOWERINGS: Mapping[type[Op], Callable[[Node, list[Layout], Folding | None],
                                      wiring.Component]] = MappingProxyType({
    Add: lambda node, inputs, folding: AddLanes(node.op, *inputs),
    Conv: lambda node, inputs, folding: ConvEngine(node.op, *inputs, folding, name=node.name),
    Lif: lambda node, inputs, folding: LifLanes(node.op, *inputs, name=node.name),
    MaskAttention: lambda node, inputs, folding: MaskAttentionLanes(node.op, *inputs),
    Repeat: lambda node, inputs, folding: RepeatLanes(node.op, *inputs),
    SelfAttention: lambda node, inputs, folding: SelfAttentionEngine(node.op, *inputs, folding),
    TimeSum: lambda node, inputs, folding: TimeSumLanes(node.op, *inputs),
    TokenSum: lambda node, inputs, folding: TokenSumLanes(node.op, *inputs),
})
