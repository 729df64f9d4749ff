"""Spiking self-attention."""

from torch import Tensor

from golden.layers.layer import Layer, Shape
from ir import ops

__all__ = ["SelfAttention"]


class SelfAttention(Layer):
    """Products of spikes or counts, without softmax, see :class:`ir.ops.SelfAttention`.

    Parameters
    ----------
    heads : int
    scale : float
        Of the products; on integers it is left to the neuron that follows.
    value_ratio : int
        How many times wider values are than queries.
    """

    def __init__(self, heads: int = 1, scale: float = 0.125, value_ratio: int = 1):
        super().__init__()
        if scale <= 0:
            raise ValueError(f"SelfAttention scale must be above zero, not {scale}")
        self.spec = ops.SelfAttention(heads=heads, value_ratio=value_ratio)
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        spec = self.spec
        if x.shape[-1] % (spec.parts * spec.heads):
            raise ValueError(f"SelfAttention takes query, key and value of {spec.heads} heads, "
                             f"which {x.shape[-1]} channels are not")
        width = x.shape[-1] // spec.parts
        # [T, N, heads, tokens, channels of a head]
        query, key, value = (
            part.unflatten(-1, (spec.heads, -1)).transpose(2, 3)
            for part in x.flatten(2, 3).split((width, width, spec.value_ratio * width), dim=-1))
        # the same integers either way: the smaller product in the middle
        if query.shape[3] > query.shape[4]:
            out = query @ (key.transpose(-1, -2) @ value)
        else:
            out = (query @ key.transpose(-1, -2)) @ value
        out = out.transpose(2, 3).flatten(-2).reshape(*x.shape[:-1], -1)
        return out if self.integers else out * self.scale

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        width = len(units[0]) // self.spec.parts
        query, key, value = units[0].split((width, width, self.spec.value_ratio * width))
        if bool((query != query[0]).any() or (key != key[0]).any()):
            raise ValueError("SelfAttention needs one unit for all queries and one for all keys")
        return value * query[0] * key[0] / self.scale

    def op(self) -> ops.SelfAttention:
        return self.spec
