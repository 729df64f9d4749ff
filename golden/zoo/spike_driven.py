"""Spike-driven Transformer V1: attention by masks on a membrane shortcut."""

from collections.abc import Sequence

from golden.layers import Lif, MaskAttention, TokenSum
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder, several, single
from ir import IMAGE

__all__ = ["spike_driven"]


def spike_driven(*, channels: int, height: int, width: int, classes: int, steps: int, dim: int,
                 blocks: int, hidden: int | None = None, widths: Sequence[int] | None = None,
                 strides: Sequence[int] = (1, 1, 1, 1), pools: str = "0011",
                 dilate: bool = False, plif: bool = False, events: int = 0, seed: int = 0) -> Net:
    """Spike-driven Transformer V1 (Yao et al., NeurIPS 2023, arXiv 2307.01694).

    Parameters
    ----------
    channels, height, width, classes, steps, dim, blocks, hidden, events, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    widths, strides : sequence of four int
        Of the stem's convolutions; published are ``dim`` by 8, 4, 2 and 1.
    pools : str of four 0 or 1
        Behind which of the stem's layers the map is halved: spikes of the first three, the
        current of the last. Published are 0011 and, for ImageNet, 1111.
    dilate : bool
        Whether spikes of key, value, key AND value and the attention's result spread to the
        neighbouring tokens (``dvs_mode``), as for frames of events.
    plif : bool
        Whether each layer's neurons learn their time constant.
    """
    build = Builder("spike_driven", locals(), neuron=lambda: Lif(learn=plif))
    x, embed = IMAGE, "patch_embed."
    for i, outputs in enumerate(widths or (dim // 8, dim // 4, dim // 2, dim)):
        x = build.conv(f"stem{i}", x, outputs, 3, strides[i],
                       source=(f"{embed}proj_conv{i or ''}", f"{embed}proj_bn{i or ''}"))
        if i < 3:
            x = build.spikes(f"stem{i}_lif", x)
        if pools[i] == "1":
            x = build.pool(f"stem{i}_pool", x)
    y = build.spikes("rpe_lif", x)
    y = build.conv("rpe", y, dim, 3, gain=BRANCH_GAIN, source=single(embed, "rpe"))
    x = build.sum("rpe_add", x, y)
    for i in range(blocks):
        x = _attention(build, f"block{i}", x, dilate=dilate, plif=plif,
                       source=f"block.{i}.attn.")
        y = build.spikes(f"block{i}_mlp_lif", x)
        y = build.fire(f"block{i}_fc1", y, hidden or 4 * dim,
                       source=single(f"block.{i}.mlp.", "fc1"))
        y = build.conv(f"block{i}_fc2", y, dim, gain=BRANCH_GAIN,
                       source=single(f"block.{i}.mlp.", "fc2"))
        x = build.sum(f"block{i}_mlp_add", x, y)
    return build.logits(x, classes, build.neuron())


def _attention(build: Builder, name: str, x: str, *, dilate: bool, plif: bool,
               source: str) -> str:
    """Mask attention; in its parts where spikes spread, or where its neuron learns."""
    dim = build.channels[x]
    y = build.spikes(f"{name}_lif", x)
    y = build.conv(f"{name}_qkv", y, 3 * dim, source=several(source))
    if dilate or plif:
        y = _masks(build, name, y, dilate=dilate, plif=plif)
    else:
        y = build.spikes(f"{name}_qkv_lif", y)
        y = build.add(f"{name}_attn", MaskAttention(), y, channels=dim)
    y = build.conv(f"{name}_proj", y, dim, gain=BRANCH_GAIN, source=single(source, "proj"))
    return build.sum(f"{name}_add", x, y)


def _masks(build: Builder, name: str, qkv: str, *, dilate: bool, plif: bool) -> str:
    def spread(part: str, x: str) -> str:
        return build.dilate(f"{name}_{part}_spread", x) if dilate else x

    # each of the three learns a time constant of its own
    q, k, v = (build.spikes(f"{part}_lif", part)
               for part in build.split(name, qkv, "q", "k", "v"))
    kv = build.gate(f"{name}_kv", spread("k", k), spread("v", v))
    count = build.add(f"{name}_kv_sum", TokenSum(mean=False), spread("kv", kv))
    mask = build.spikes(f"{name}_mask", count, Lif(0.5, learn=plif))
    return spread("attn", build.gate(f"{name}_attn", q, mask))
