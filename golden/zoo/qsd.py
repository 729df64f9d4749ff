"""QSD-Transformer: 4-bit weights and neurons of integer levels on the V2 topology."""

from collections.abc import Sequence
from functools import partial

from golden.layers import LevelLif
from golden.net import Net
from golden.zoo.builder import Builder
from golden.zoo.meta_spikeformer import rep_attention
from golden.zoo.metaformer import conv_mlp, metaformer, mlp, separable

__all__ = ["qsd"]

LEVELS = 4


def qsd(*, channels: int, height: int, width: int, classes: int,
        stages: Sequence[Sequence[int]], heads: int, kernel: int = 7, conv_ratio: int = 4,
        mlp_ratio: int = 4, seed: int = 0) -> Net:
    """QSD-Transformer (Qiu et al., ICLR 2025, arXiv 2501.13492).

    Neurons fire ``floor(clamp(4 x, 0, 4) + 1/2)``, each level worth 1/4, behind attention 1/2;
    with attention's scale of 1/4 its thresholds on integers are 32, 96, 160 and 224. The scale
    per channel behind each branch is the branch's batch norm weight here.

    Parameters as for :func:`golden.zoo.meta_spikeformer.meta_spikeformer`, at one time step.
    """
    build = Builder("qsd", locals(),
                    neuron=partial(LevelLif, LEVELS, step=1 / LEVELS, norm=1 / LEVELS))

    def conv_block(name: str, x: str) -> str:
        x = separable(build, name, x, kernel, spikes=False)
        return conv_mlp(build, name, x, conv_ratio)

    def transformer_block(name: str, x: str) -> str:
        behind = LevelLif(LEVELS, step=1 / LEVELS, norm=1 / 2)
        x = rep_attention(build, name, x, heads, behind, scale=0.25)
        return mlp(build, name, x, mlp_ratio)

    return metaformer(build, stages, classes, head=build.neuron(), conv_block=conv_block,
                      transformer_block=transformer_block)
