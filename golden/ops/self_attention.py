"""Kernel of :class:`ir.ops.SelfAttention`."""

from torch import Tensor

from golden.ops.checks import check_integers, extremes
from golden.ops.products import exact_matmul
from ir.ops import SelfAttention

__all__ = ["self_attention"]


def self_attention(op: SelfAttention, qkv: Tensor) -> Tensor:
    """Sums of products of spikes or counts, head by head."""
    qkv = check_integers("SelfAttention", qkv)
    low, _ = extremes(qkv)
    if low < 0:
        raise ValueError(f"SelfAttention takes counts from 0, not {low}")
    images, steps, channels, height, width = qkv.shape
    width_of_query, rest = divmod(channels, op.parts)
    if rest or width_of_query % op.heads:
        raise ValueError(f"SelfAttention of {op.heads} heads takes a multiple of "
                         f"{op.parts * op.heads} channels, not {channels}")
    tokens = qkv.permute(0, 1, 3, 4, 2).reshape(images, steps, height * width, channels)
    # [N, T, heads, tokens, d]
    query, key, value = (
        x.unflatten(-1, (op.heads, -1)).transpose(2, 3)
        for x in tokens.split((width_of_query, width_of_query,
                               op.value_ratio * width_of_query), dim=-1))
    # the same integers in either order: the smaller product in the middle
    if height * width > width_of_query // op.heads:
        out = exact_matmul(query, exact_matmul(key.transpose(-1, -2), value))
    else:
        out = exact_matmul(exact_matmul(query, key.transpose(-1, -2)), value)
    return out.transpose(2, 3).reshape(images, steps, height, width, -1).permute(0, 1, 4, 2, 3)
