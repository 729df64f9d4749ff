"""Spiking self-attention: products of spikes, without softmax."""

from dataclasses import dataclass, replace

from ir.tensors import Interval, TensorType

__all__ = ["SelfAttention"]


@dataclass(frozen=True, kw_only=True)
class SelfAttention:
    """Spiking self-attention (SSA) of Spikformer, before its neuron.

    The input's channels are query, key and value, one after the other: query and key of ``heads``
    heads of ``d`` channels, the value's heads ``e = value_ratio * d`` wide. They are spikes or
    small counts. For step ``t``, head ``h``, token ``n`` and channel ``j`` of the value's head::

        kv[t, h, i, j]      = sum over tokens m of key[t, h, i, m] * value[t, h, j, m]
        out[t, h * e + j, n] = sum over i of query[t, h, i, n] * kv[t, h, i, j]

    There is no softmax, so Q(K^T V) and (Q K^T)V are the same integers. The scale (1/8) belongs
    to the threshold of the neuron that follows: 0.5 at scale 1/8 is 4.

    Source: Zhou et al., Spikformer, ICLR 2023, arXiv 2209.15425; on counts and with wide values
    Yao et al., Spike-driven Transformer V3, 2025, arXiv 2411.16061.
    """

    heads: int = 1
    value_ratio: int = 1

    def __post_init__(self):
        for name in ("heads", "value_ratio"):
            if getattr(self, name) < 1:
                raise ValueError(f"SelfAttention {name} must be at least 1, "
                                 f"not {getattr(self, name)}")

    @property
    def parts(self) -> int:
        """How many times a query's channels the input has."""
        return 2 + self.value_ratio

    def head_channels(self, qkv: TensorType) -> int:
        """Channels of one head of the query, ``d``."""
        return qkv.channels // (self.parts * self.heads)

    def output(self, qkv: TensorType) -> TensorType:
        """Sums in ``0 .. tokens * d`` for spikes, times the third power of the highest count.

        Raises ValueError unless the lowest count is 0 and the channels are whole heads.
        """
        if qkv.interval.low != 0:
            raise ValueError(f"SelfAttention takes counts from 0, not {qkv.interval}")
        if qkv.channels % (self.parts * self.heads):
            raise ValueError(f"SelfAttention takes query, key and value of {self.heads} heads, "
                             f"which {qkv.channels} channels are not: "
                             f"not a multiple of {self.parts * self.heads}")
        high = qkv.positions * self.head_channels(qkv) * qkv.interval.high**3
        return replace(qkv, channels=qkv.channels // self.parts * self.value_ratio,
                       interval=Interval(0, high))
