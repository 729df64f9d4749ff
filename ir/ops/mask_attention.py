"""Spike-driven self-attention by masks: AND and OR only."""

from dataclasses import dataclass, replace

from ir.tensors import TensorType

__all__ = ["MaskAttention"]


@dataclass(frozen=True, kw_only=True)
class MaskAttention:
    """Spike-driven self-attention (SDSA-1) of the Spike-driven Transformer V1.

    The input's channels are query, key and value, one after the other. For step ``t``, channel
    ``c`` and token ``n``::

        mask[t, c]   = OR over n of (key[t, c, n] AND value[t, c, n])
        out[t, c, n] = query[t, c, n] AND mask[t, c]

    The OR is a leaky neuron of threshold 0.5 and time constant at most 2 on the count: it fires
    exactly when the count is at least 1, and so keeps no state.

    Source: Yao et al., Spike-driven Transformer, NeurIPS 2023, arXiv 2307.01694.
    """

    def output(self, qkv: TensorType) -> TensorType:
        """Spikes with a third of the channels; raises ValueError for anything but spikes."""
        if not qkv.is_spikes:
            raise ValueError(f"MaskAttention takes spikes, not {qkv.interval}")
        if qkv.channels % 3:
            raise ValueError("MaskAttention takes query, key and value side by side, "
                             f"which {qkv.channels} channels are not: not a multiple of 3")
        return replace(qkv, channels=qkv.channels // 3)
