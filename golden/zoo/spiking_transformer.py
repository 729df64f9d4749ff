"""The spiking transformer of the digits, MNIST and Fashion-MNIST presets."""

from collections.abc import Sequence
from fractions import Fraction

from torch import Generator

from golden.layers import (
    Add,
    Conv,
    Lif,
    MaskAttention,
    Repeat,
    SelfAttention,
    TimeSum,
    TokenSum,
)
from golden.net import Net
from ir import IMAGE, Encoding, pixels

__all__ = ["spiking_transformer"]

BRANCH_GAIN = 0.3
"""Batch norm weight with which branches into the shortcut start."""


def spiking_transformer(*, channels: int, height: int, width: int, classes: int, steps: int,
                        stem: Sequence[int], strides: Sequence[int], dim: int, blocks: int,
                        hidden: int, attention: str = "mask", heads: int = 1,
                        position: bool = False, scale: str = "1/256",
                        mean: Sequence[float] = (0.0,), std: Sequence[float] = (1.0,),
                        seed: int = 0) -> Net:
    """A convolutional stem, transformer blocks on a membrane shortcut, and a spiking head.

    It is the Spike-driven Transformer (Yao et al., NeurIPS 2023, arXiv 2307.01694) with a stem of
    strides instead of pools.

    Parameters
    ----------
    channels, height, width : int
        Of the image.
    classes : int
    steps : int
        Time steps; the first layer's current is held for all of them.
    stem : sequence of int
        Channels of the stem's convolutions but the last, which has ``dim``.
    strides : sequence of int
        Of all stem convolutions, the last included: one more than ``stem``.
    dim : int
        Channels of a token.
    blocks : int
    hidden : int
        Channels inside the MLP.
    attention : str
        ``mask``, see :class:`ir.ops.MaskAttention`, or ``self``, :class:`ir.ops.SelfAttention`.
    heads : int
        Of self-attention; 1 for masks, which work channel by channel.
    position : bool
        Whether a relative position embedding, ``x + BN(conv3x3(LIF(x)))``, follows the stem.
    scale, mean, std
        What a pixel means, see :class:`ir.Encoding`; ``scale`` as a fraction.
    seed : int
        Of the initial weights.

    Raises
    ------
    ValueError
        For steps, a number of strides, an attention or heads that there are not.
    """
    arguments = dict(locals())
    if steps < 1:
        raise ValueError(f"spiking_transformer steps must be at least 1, not {steps}")
    if len(strides) != len(stem) + 1:
        raise ValueError(f"spiking_transformer has {len(strides)} strides for "
                         f"{len(stem) + 1} stem convolutions")
    if attention not in ("mask", "self"):
        raise ValueError(f"spiking_transformer attention is mask or self, not {attention!r}")
    if attention == "mask" and heads != 1:
        raise ValueError(f"spiking_transformer heads must be 1 with masks, not {heads}")
    encoding = Encoding(scale=Fraction(scale), mean=tuple(mean), std=tuple(std))
    net = Net(pixels(channels, height, width), encoding, "spiking_transformer", arguments)
    generator, x = Generator().manual_seed(seed), IMAGE
    sizes = (channels, *stem, dim)
    for i, stride in enumerate(strides):
        x = net.add(f"stem{i}", Conv(sizes[i], sizes[i + 1], kernel=3, stride=stride,
                                     generator=generator), x)
        if i == 0 and steps > 1:
            x = net.add("stem0_repeat", Repeat(steps), x)
        if i < len(stem):
            x = net.add(f"stem{i}_lif", Lif(), x)
    if position:
        y = net.add("rpe_lif", Lif(), x)
        y = net.add("rpe", Conv(dim, dim, kernel=3, gain=BRANCH_GAIN, generator=generator), y)
        x = net.add("rpe_add", Add(), x, y)
    for i in range(blocks):
        x = _block(net, f"block{i}", x, dim, hidden, attention, heads, generator)
    x = net.add("head_lif", Lif(), net.add("pool", TokenSum(), x))
    x = net.add("count", TimeSum(), x)
    net.add("head", Conv(dim, classes, norm=False, generator=generator), x)
    return net


def _block(net: Net, name: str, x: str, dim: int, hidden: int, attention: str, heads: int,
           generator: Generator) -> str:
    """Attention and MLP, each a branch of the membrane shortcut."""
    y = net.add(f"{name}_lif", Lif(), x)
    y = net.add(f"{name}_qkv", Conv(dim, 3 * dim, generator=generator), y)
    y = net.add(f"{name}_qkv_lif", Lif(), y)
    if attention == "mask":
        y = net.add(f"{name}_attn", MaskAttention(), y)
    else:
        y = net.add(f"{name}_attn", SelfAttention(heads), y)
        y = net.add(f"{name}_attn_lif", Lif(0.5), y)
    y = net.add(f"{name}_proj", Conv(dim, dim, gain=BRANCH_GAIN, generator=generator), y)
    x = net.add(f"{name}_add", Add(), x, y)
    y = net.add(f"{name}_mlp_lif", Lif(), x)
    y = net.add(f"{name}_fc1", Conv(dim, hidden, generator=generator), y)
    y = net.add(f"{name}_fc1_lif", Lif(), y)
    y = net.add(f"{name}_fc2", Conv(hidden, dim, gain=BRANCH_GAIN, generator=generator), y)
    return net.add(f"{name}_mlp_add", Add(), x, y)
