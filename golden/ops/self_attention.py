"""Kernel of :class:`ir.ops.SelfAttention`."""

from torch import Tensor

from golden.ops.checks import check_spikes
from golden.ops.products import exact_matmul
from ir.ops import SelfAttention

__all__ = ["self_attention"]


def self_attention(op: SelfAttention, qkv: Tensor) -> Tensor:
    """Sums of products of spikes, head by head."""
    qkv = check_spikes("SelfAttention", qkv)
    images, steps, channels, height, width = qkv.shape
    if channels % (3 * op.heads):
        raise ValueError(f"SelfAttention of {op.heads} heads takes a multiple of {3 * op.heads} "
                         f"channels, not {channels}")
    # [N, T, heads, d, tokens]
    query, key, value = (x.reshape(images, steps, op.heads, -1, height * width)
                         for x in qkv.chunk(3, dim=2))
    key_value = exact_matmul(key, value.transpose(-1, -2))
    out = exact_matmul(key_value.transpose(-1, -2), query)
    return out.reshape(images, steps, -1, height, width)
