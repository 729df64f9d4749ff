"""Spike-driven self-attention by masks."""

import torch
from torch import Tensor

from golden.layers.layer import Layer, Shape
from golden.layers.surrogate import any_spike
from ir import ops

__all__ = ["MaskAttention"]


class MaskAttention(Layer):
    """Queries where any token has key and value together, see :class:`ir.ops.MaskAttention`."""

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] % 3:
            raise ValueError("MaskAttention takes query, key and value side by side, which "
                             f"{x.shape[-1]} channels are not")
        query, key, value = x.chunk(3, dim=-1)
        return query * any_spike((key * value).sum((2, 3), keepdim=True))

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return torch.ones(len(units[0]) // 3, dtype=units[0].dtype)

    def op(self) -> ops.MaskAttention:
        return ops.MaskAttention()
