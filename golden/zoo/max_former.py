"""Max-Former: max pooling and depthwise convolution where spikes would smooth too much."""

from collections.abc import Sequence
from enum import Enum

from golden.layers import Lif
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder
from golden.zoo.metaformer import mlp
from golden.zoo.spikingformer import self_attention_block
from ir import IMAGE

__all__ = ["Mixer", "max_former"]


class Mixer(Enum):
    """What mixes the tokens of a block."""

    IDENTITY = "identity"
    DEPTHWISE = "depthwise"
    ATTENTION = "attention"


def max_former(*, channels: int, height: int, width: int, classes: int, steps: int,
               widths: Sequence[int], depths: Sequence[int], mixers: Sequence[str],
               heads: int, kernel: int = 3, mlp_ratio: int = 4, stride: int = 1, events: int = 0,
               seed: int = 0) -> Net:
    """Max-Former (Fang et al., 2025, arXiv 2505.18608).

    Patch embeddings take the greatest current of a neighbourhood; early stages mix tokens by
    depthwise convolutions, the last by spiking self-attention; shortcuts are membranes.

    Parameters
    ----------
    channels, height, width, classes, steps, heads, events, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    widths, depths : sequence of int
        Dimension and number of blocks of each stage; published for 32x32 images: 96, 192, 384 and
        1, 1, 2.
    mixers : sequence of str
        A value of :class:`Mixer` for each stage; published: identity, depthwise, attention.
    kernel : int
        Of the depthwise convolutions.
    mlp_ratio : int
    stride : int
        Of the first convolution.
    """
    build = Builder("max_former", locals())
    x = build.conv("embed0_in", IMAGE, widths[0], 3, stride)
    y = build.spikes("embed0_lif", x)
    x = build.sum("embed0", build.conv("embed0_conv", y, widths[0], 3),
                  build.conv("embed0_res", y, widths[0]))
    for stage, (dim, depth, mixer) in enumerate(zip(widths, depths, mixers, strict=True)):
        if stage:
            x = _max_embedding(build, f"embed{stage}", x, dim)
        for i in range(depth):
            name = f"stage{stage}_block{i}"
            x = _mix(build, name, x, Mixer(mixer), kernel, heads)
            x = mlp(build, name, x, mlp_ratio)
    return build.logits(x, classes, Lif())


def _max_embedding(build: Builder, name: str, x: str, dim: int) -> str:
    """Convolution, max pooling, convolution; the shortcut reads the same spikes and pools too."""
    x = build.spikes(f"{name}_lif", x)
    y = build.pool(f"{name}_pool", build.conv(f"{name}_in", x, dim, 3))
    y = build.conv(f"{name}_conv", build.spikes(f"{name}_pool_lif", y), dim, 3)
    z = build.pool(f"{name}_res_pool", build.conv(f"{name}_res", x, dim))
    return build.sum(name, y, z)


def _mix(build: Builder, name: str, x: str, mixer: Mixer, kernel: int, heads: int) -> str:
    if mixer is Mixer.ATTENTION:
        return self_attention_block(build, name, x, heads, Lif(0.5))
    if mixer is Mixer.IDENTITY:
        return x
    y = build.depthwise(f"{name}_dw", build.spikes(f"{name}_lif", x), kernel, gain=BRANCH_GAIN)
    return build.sum(f"{name}_add", x, y)
