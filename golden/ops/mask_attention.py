"""Kernel of :class:`ir.ops.MaskAttention`."""

from torch import Tensor

from golden.ops.checks import check_spikes
from ir.ops import MaskAttention

__all__ = ["mask_attention"]


def mask_attention(op: MaskAttention, qkv: Tensor) -> Tensor:
    """Queries where any token of the channel has key and value together."""
    qkv = check_spikes("MaskAttention", qkv)
    if qkv.shape[2] % 3:
        raise ValueError(f"MaskAttention takes a multiple of 3 channels, not {qkv.shape[2]}")
    query, key, value = qkv.chunk(3, dim=2)
    mask = (key & value).amax((3, 4), keepdim=True)
    return query & mask
