"""Integer kernels, one per operator, by the same stem as its spec in ``ir.ops``.

A kernel takes the spec and integer tensors ``[N, T, C, H, W]`` and returns one such int64 tensor.
It computes what the spec's docstring says and refuses what the spec cannot take.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import Tensor

from golden.ops.add import add
from golden.ops.conv import conv
from golden.ops.lif import lif
from golden.ops.mask_attention import mask_attention
from golden.ops.repeat import repeat
from golden.ops.self_attention import self_attention
from golden.ops.time_sum import time_sum
from golden.ops.token_sum import token_sum
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

__all__ = ["KERNELS", "add", "conv", "lif", "mask_attention", "repeat", "self_attention",
           "time_sum", "token_sum"]

KERNELS: Mapping[type[Op], Callable[..., Tensor]] = MappingProxyType({
    Add: add,
    Conv: conv,
    Lif: lif,
    MaskAttention: mask_attention,
    Repeat: repeat,
    SelfAttention: self_attention,
    TimeSum: time_sum,
    TokenSum: token_sum,
})
