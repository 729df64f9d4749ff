"""Spiking self-attention: products of spikes, without softmax."""

from dataclasses import dataclass, replace

from ir.tensors import Interval, TensorType

__all__ = ["SelfAttention"]


@dataclass(frozen=True, kw_only=True)
class SelfAttention:
    """Spiking self-attention (SSA) of Spikformer, before its neuron.

    The input's channels are query, key and value, one after the other, each of ``heads`` heads of
    ``d`` channels. For step ``t``, head ``h``, token ``n`` and channel ``j`` of the head::

        kv[t, h, i, j]      = sum over tokens m of key[t, h, i, m] * value[t, h, j, m]
        out[t, h * d + j, n] = sum over i of query[t, h, i, n] * kv[t, h, i, j]

    There is no softmax, so Q(K^T V) and (Q K^T)V are the same integers. The scale (1/8) belongs
    to the threshold of the neuron that follows: 0.5 at scale 1/8 is 4.

    Source: Zhou et al., Spikformer, ICLR 2023, arXiv 2209.15425.
    """

    heads: int = 1

    def __post_init__(self):
        if self.heads < 1:
            raise ValueError(f"SelfAttention heads must be at least 1, not {self.heads}")

    def head_channels(self, qkv: TensorType) -> int:
        """Channels of one head, ``d``."""
        return qkv.channels // (3 * self.heads)

    def output(self, qkv: TensorType) -> TensorType:
        """Sums in ``0 .. tokens * d``; raises ValueError for anything but spikes in whole heads."""
        if not qkv.is_spikes:
            raise ValueError(f"SelfAttention takes spikes, not {qkv.interval}")
        if qkv.channels % (3 * self.heads):
            raise ValueError(f"SelfAttention takes query, key and value of {self.heads} heads, "
                             f"which {qkv.channels} channels are not: "
                             f"not a multiple of {3 * self.heads}")
        high = qkv.positions * self.head_channels(qkv)
        return replace(qkv, channels=qkv.channels // 3, interval=Interval(0, high))
