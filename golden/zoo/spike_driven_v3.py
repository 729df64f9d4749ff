"""Spike-driven Transformer V3, E-SpikeFormer: integer levels in training, T = 1."""

from collections.abc import Sequence
from functools import partial

from golden.layers import LevelLif
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder
from golden.zoo.metaformer import conv_mlp, metaformer, mlp, separable

__all__ = ["spike_driven_v3"]


def spike_driven_v3(*, channels: int, height: int, width: int, classes: int,
                    stages: Sequence[Sequence[int]], heads: int, levels: int = 4,
                    half_even: bool = True, kernel: int = 7, value_ratio: int = 4,
                    conv_ratio: int = 4, mlp_ratio: int = 4, seed: int = 0) -> Net:
    """Spike-driven Transformer V3 (Yao et al., 2025, arXiv 2411.16061), base form.

    Neurons have no state and fire up to ``levels`` at once, each worth ``1 / levels``; attention
    multiplies such levels, its scale ``2 / sqrt(d)`` goes into the comparators behind it.

    Parameters
    ----------
    channels, height, width, classes, heads, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    stages, kernel, conv_ratio, mlp_ratio
        As for :func:`golden.zoo.meta_spikeformer.meta_spikeformer`; the depthwise convolutions of
        transformer blocks are 3x3.
    levels : int
        4 or 8 are published.
    half_even : bool
        How a tie between two levels is rounded: to the even one (base models) or up (large ones).
    value_ratio : int
        How much wider the value is than query and key.
    """
    build = Builder("spike_driven_v3", locals(),
                    neuron=partial(LevelLif, levels, half_even=half_even, norm=1 / levels))

    def conv_block(name: str, x: str) -> str:
        x = separable(build, name, x, kernel, spikes=True)
        return conv_mlp(build, name, x, conv_ratio)

    def transformer_block(name: str, x: str) -> str:
        x = separable(build, name, x, 3, spikes=True)
        dim = build.channels[x]
        y = build.spikes(f"{name}_lif", x)
        y = build.fire(f"{name}_qkv", y, (2 + value_ratio) * dim)
        y = build.attend(f"{name}_attn", y, heads, build.neuron(),
                         scale=2 * (dim // heads) ** -0.5, ratio=value_ratio)
        y = build.conv(f"{name}_proj", y, dim, gain=BRANCH_GAIN)
        return mlp(build, name, build.sum(f"{name}_add", x, y), mlp_ratio)

    head = LevelLif(levels, half_even=half_even, norm=1.0)
    return metaformer(build, stages, classes, head=head, conv_block=conv_block,
                      transformer_block=transformer_block)
