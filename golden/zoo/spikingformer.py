"""Spikingformer and its CML form: self-attention of spikes on a membrane shortcut."""

from collections.abc import Sequence

from golden.layers import Layer, Lif
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder, several, single
from ir import IMAGE

__all__ = ["membrane_mlp", "self_attention_block", "spikingformer"]


def spikingformer(*, channels: int, height: int, width: int, classes: int, steps: int, dim: int,
                  heads: int, blocks: int, hidden: int | None = None,
                  widths: Sequence[int] | None = None, strides: Sequence[int] = (1, 1, 1, 1, 1),
                  pools: str = "0011", cml: bool = False, tau: float = 2.0, events: int = 0,
                  seed: int = 0) -> Net:
    """Spikingformer (Zhou et al., 2023, arXiv 2304.11954), with CML (arXiv 2308.06787) or without.

    Neurons stand before each convolution and branches are added as membrane potentials, so only
    spikes meet weights but in the head, which reads potentials.

    Parameters
    ----------
    channels, height, width, classes, steps, dim, heads, blocks, hidden, events, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    widths, strides : sequence of five int
        Of the tokenizer's convolutions; published are ``dim`` by 8, 4, 2, 1 and 1.
    pools : str of four 0 or 1
        Before which of the last four convolutions the map is halved by max pooling: 0011 is
        published for 32x32 images, 1111 for ImageNet and frames of events.
    cml : bool
        Whether max pooling stands before the neurons and so takes the greatest current, instead
        of behind them.
    tau : float
        2 for images; published for frames of events: 1.5, with CML 1.75.
    """
    build = Builder("spikingformer", locals(), neuron=lambda: Lif(tau=tau))
    x, embed = IMAGE, "patch_embed."
    for i, outputs in enumerate(widths or (dim // 8, dim // 4, dim // 2, dim, dim)):
        if i:
            halves = pools[i - 1] == "1"
            if halves and cml:
                x = build.pool(f"stem{i}_pool", x)
            x = build.spikes(f"stem{i}_lif", x)
            if halves and not cml:
                x = build.pool(f"stem{i}_pool", x)
        x = build.conv(f"stem{i}", x, outputs, 3, strides[i], source=single(embed, f"block{i}"))
    for i in range(blocks):
        x = self_attention_block(build, f"block{i}", x, heads, Lif(0.5, tau=tau),
                                 f"block.{i}.attn.")
        x = membrane_mlp(build, f"block{i}", x, hidden or 4 * dim, source=f"block.{i}.mlp.mlp")
    return build.logits(x, classes)


def self_attention_block(build: Builder, name: str, x: str, heads: int, neuron: Layer,
                         source: str = "") -> str:
    """Spiking self-attention, with these neurons, as a branch of the membrane shortcut."""
    dim = build.channels[x]
    y = build.spikes(f"{name}_lif", x)
    y = build.fire(f"{name}_qkv", y, 3 * dim, source=several(source))
    y = build.attend(f"{name}_attn", y, heads, neuron)
    y = build.conv(f"{name}_proj", y, dim, gain=BRANCH_GAIN, source=single(source, "proj"))
    return build.sum(f"{name}_add", x, y)


def membrane_mlp(build: Builder, name: str, x: str, hidden: int, source: str = "") -> str:
    """An MLP as a branch of the membrane shortcut; ``source`` ends before its layers' numbers."""
    y = build.spikes(f"{name}_mlp_lif", x)
    y = build.fire(f"{name}_fc1", y, hidden, source=single(source, "1"))
    y = build.conv(f"{name}_fc2", y, build.channels[x], gain=BRANCH_GAIN,
                   source=single(source, "2"))
    return build.sum(f"{name}_mlp_add", x, y)
