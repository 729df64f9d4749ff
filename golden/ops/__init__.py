"""Integer kernels, one per operator, by the same stem as its spec in ``ir.ops``.

A kernel takes the spec and integer tensors ``[N, T, C, H, W]`` and returns one such tensor, of a
type wide enough for its values; they may lie in memory in any order, and channels last is fastest.
It computes what the spec's docstring says and refuses what the spec cannot take.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import Tensor

from golden.ops.add import add
from golden.ops.concat import concat
from golden.ops.conv import conv
from golden.ops.depthwise_conv import depthwise_conv
from golden.ops.gate import gate
from golden.ops.head_sum import head_sum
from golden.ops.level_lif import level_lif, level_lif_potential
from golden.ops.lif import lif, lif_potential
from golden.ops.mask_attention import mask_attention
from golden.ops.max_pool import max_pool
from golden.ops.parallel_neuron import parallel_neuron
from golden.ops.repeat import repeat
from golden.ops.self_attention import self_attention
from golden.ops.slice import slice_channels
from golden.ops.sum_pool import sum_pool
from golden.ops.time_sum import time_sum
from golden.ops.token_sum import token_sum
from golden.ops.upsample import upsample
from ir import ops

__all__ = ["KERNELS", "POTENTIALS", "add", "concat", "conv", "depthwise_conv", "gate", "head_sum",
           "level_lif", "lif", "mask_attention", "max_pool", "parallel_neuron", "repeat",
           "self_attention", "slice_channels", "sum_pool", "time_sum", "token_sum", "upsample"]

KERNELS: Mapping[type[ops.Op], Callable[..., Tensor]] = MappingProxyType({
    ops.Add: add,
    ops.Concat: concat,
    ops.Conv: conv,
    ops.DepthwiseConv: depthwise_conv,
    ops.Gate: gate,
    ops.HeadSum: head_sum,
    ops.LevelLif: level_lif,
    ops.Lif: lif,
    ops.MaskAttention: mask_attention,
    ops.MaxPool: max_pool,
    ops.ParallelNeuron: parallel_neuron,
    ops.Repeat: repeat,
    ops.SelfAttention: self_attention,
    ops.Slice: slice_channels,
    ops.SumPool: sum_pool,
    ops.TimeSum: time_sum,
    ops.TokenSum: token_sum,
    ops.Upsample: upsample,
})

POTENTIALS: Mapping[type[ops.Op], Callable[..., Tensor]] = MappingProxyType({
    ops.LevelLif: level_lif_potential,
    ops.Lif: lif_potential,
})
"""Membrane potentials, one for each output, of the neurons that have them."""
