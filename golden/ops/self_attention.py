"""Kernel of :class:`ir.ops.SelfAttention`."""

from torch import Tensor

from golden.ops.checks import check_integers
from golden.ops.products import exact_matmul
from ir.ops import SelfAttention

__all__ = ["self_attention"]


def self_attention(op: SelfAttention, qkv: Tensor) -> Tensor:
    """Sums of products of spikes or counts, head by head."""
    qkv = check_integers("SelfAttention", qkv)
    if qkv.numel() and (low := int(qkv.min())) < 0:
        raise ValueError(f"SelfAttention takes counts from 0, not {low}")
    images, steps, channels, height, width = qkv.shape
    width_of_query, rest = divmod(channels, op.parts)
    if rest or width_of_query % op.heads:
        raise ValueError(f"SelfAttention of {op.heads} heads takes a multiple of "
                         f"{op.parts * op.heads} channels, not {channels}")
    # [N, T, heads, d, tokens]
    query, key, value = (x.reshape(images, steps, op.heads, -1, height * width)
                         for x in qkv.split((width_of_query, width_of_query,
                                             op.value_ratio * width_of_query), dim=2))
    key_value = exact_matmul(key, value.transpose(-1, -2))
    out = exact_matmul(key_value.transpose(-1, -2), query)
    return out.reshape(images, steps, -1, height, width)
