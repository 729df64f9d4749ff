"""Meta-SpikeFormer, the Spike-driven Transformer V2."""

from collections.abc import Sequence
from enum import Enum

from golden.layers import Layer, Lif, MaskAttention, TokenSum
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder
from golden.zoo.metaformer import conv_mlp, metaformer, mlp, separable

__all__ = ["SpikeDriven", "meta_spikeformer", "rep_attention"]


class SpikeDriven(Enum):
    """The spike-driven self-attentions of the paper that have operators of their own."""

    MASK = "sdsa1"
    """The query, let through where key and value ever spike together."""

    PAIR = "sdsa2"
    """The query, let through where the key ever spikes."""

    PRODUCT = "sdsa3"
    """Products of query, key and value, as in Spikformer; the published one."""


def meta_spikeformer(*, channels: int, height: int, width: int, classes: int,
                     stages: Sequence[Sequence[int]], heads: int, steps: int = 1,
                     kernel: int = 7, conv_ratio: int = 4, mlp_ratio: int = 4,
                     attention: str = "sdsa3", events: int = 0, seed: int = 0) -> Net:
    """Meta-SpikeFormer (Yao et al., ICLR 2024, arXiv 2404.03663).

    Parameters
    ----------
    channels, height, width, classes, steps, heads, events, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    stages : sequence of five int each
        Kernel and stride of the convolution before a stage, its dimension, and how many
        convolution and transformer blocks it has. Published:
        (7, 2, d/2, 1, 0), (3, 2, d, 1, 0), (3, 2, 2d, 2, 0), (3, 2, 4d, 0, 6), (3, 1, 5d, 0, 2).
    kernel : int
        Of the depthwise convolutions.
    conv_ratio, mlp_ratio : int
        How much wider the middle layers are.
    attention : str
        A value of :class:`SpikeDriven`.
    """
    build = Builder("meta_spikeformer", locals())
    kind = SpikeDriven(attention)

    def conv_block(name: str, x: str) -> str:
        x = separable(build, name, x, kernel, spikes=False)
        return conv_mlp(build, name, x, conv_ratio)

    def transformer_block(name: str, x: str) -> str:
        x = rep_attention(build, name, x, heads, Lif(0.5), kind=kind)
        return mlp(build, name, x, mlp_ratio)

    return metaformer(build, stages, classes, head=Lif(), conv_block=conv_block,
                      transformer_block=transformer_block)


def rep_attention(build: Builder, name: str, x: str, heads: int, neuron: Layer, *,
                  scale: float = 0.125, kind: SpikeDriven = SpikeDriven.PRODUCT) -> str:
    """Attention between re-parameterised convolutions, here one dense 3x3 convolution each.

    ``neuron`` follows the products. See :func:`golden.zoo.rep_conv.merge` for published weights.
    """
    dim, operands = build.channels[x], 2 if kind is SpikeDriven.PAIR else 3
    y = build.spikes(f"{name}_lif", x)
    y = build.fire(f"{name}_qkv", y, operands * dim, 3)
    if kind is SpikeDriven.PRODUCT:
        y = build.attend(f"{name}_attn", y, heads, neuron, scale=scale)
    elif kind is SpikeDriven.MASK:
        y = build.add(f"{name}_attn", MaskAttention(), y, channels=dim)
    else:
        q, k = build.split(name, y, "q", "k")
        count = build.add(f"{name}_sum", TokenSum(mean=False), k)
        y = build.gate(f"{name}_attn", q, build.spikes(f"{name}_mask", count, Lif(0.5)))
    y = build.conv(f"{name}_proj", y, dim, 3, gain=BRANCH_GAIN)
    return build.sum(f"{name}_add", x, y)
