"""Sums over the channels of attention heads."""

from dataclasses import dataclass, replace

from ir.tensors import Interval, TensorType

__all__ = ["HeadSum"]


@dataclass(frozen=True, kw_only=True)
class HeadSum:
    """Sum over the channels of each head: one channel per head is left.

    ``out[t, h, n] = sum over i in 0 .. d - 1 of x[t, h * d + i, n]``, ``d`` being the channels of
    one of ``heads`` heads. With a neuron and :class:`ir.ops.Gate` behind it, it is the token
    attention of QKFormer (Zhou et al., NeurIPS 2024, arXiv 2403.16552).
    """

    heads: int

    def __post_init__(self):
        if self.heads < 1:
            raise ValueError(f"HeadSum heads must be at least 1, not {self.heads}")

    def output(self, x: TensorType) -> TensorType:
        """The type of the sums; raises ValueError for channels that are not whole heads."""
        if x.channels % self.heads:
            raise ValueError(f"HeadSum of {self.heads} heads takes a multiple of {self.heads} "
                             f"channels, not {x.channels}")
        head = x.channels // self.heads
        return replace(x, channels=self.heads,
                       interval=Interval(x.interval.low * head, x.interval.high * head))
