"""The frame of stages that the later Spike-driven Transformers share, with its two blocks."""

from collections.abc import Callable, Sequence

from golden.layers import Layer
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder
from ir import IMAGE

__all__ = ["Block", "conv_mlp", "metaformer", "mlp", "separable"]

Block = Callable[[str, str], str]
"""Adds a block of that name behind a tensor, and names what it made."""


def metaformer(build: Builder, stages: Sequence[Sequence[int]], classes: int, *,
               head: Layer, conv_block: Block, transformer_block: Block) -> Net:
    """Stages of blocks behind a convolution each, then the head with these neurons.

    A stage is ``kernel, stride, dim, conv blocks, transformer blocks``.
    """
    x = IMAGE
    for i, (kernel, stride, dim, convs, transformers) in enumerate(stages):
        if i:
            x = build.spikes(f"down{i}_lif", x)
        x = build.conv(f"down{i}", x, dim, kernel, stride)
        for j in range(convs):
            x = conv_block(f"stage{i}_conv{j}", x)
        for j in range(transformers):
            x = transformer_block(f"stage{i}_block{j}", x)
    return build.logits(x, classes, head)


def separable(build: Builder, name: str, x: str, kernel: int, *, spikes: bool) -> str:
    """Pointwise, depthwise, pointwise, as a branch of the membrane shortcut.

    ``spikes`` says whether neurons stand between depthwise and the last pointwise convolution;
    without them its integers meet weights.
    """
    dim = build.channels[x]
    y = build.fire(f"{name}_sep1", build.spikes(f"{name}_sep_lif", x), 2 * dim)
    y = build.depthwise(f"{name}_dw", y, kernel, norm=spikes)
    if spikes:
        y = build.spikes(f"{name}_dw_lif", y)
    y = build.conv(f"{name}_sep2", y, dim, gain=BRANCH_GAIN)
    return build.sum(f"{name}_sep_add", x, y)


def conv_mlp(build: Builder, name: str, x: str, ratio: int) -> str:
    """Two 3x3 convolutions, the channels between them ``ratio`` times as many, as a branch."""
    return mlp(build, name, x, ratio, kernel=3)


def mlp(build: Builder, name: str, x: str, ratio: int, *, kernel: int = 1) -> str:
    """Two layers, the channels between them ``ratio`` times as many, as a branch."""
    dim = build.channels[x]
    y = build.spikes(f"{name}_mlp_lif", x)
    y = build.fire(f"{name}_fc1", y, ratio * dim, kernel)
    y = build.conv(f"{name}_fc2", y, dim, kernel, gain=BRANCH_GAIN)
    return build.sum(f"{name}_mlp_add", x, y)
