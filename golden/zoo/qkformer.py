"""QKFormer: attention of query and key alone, in a hierarchy of stages."""

from collections.abc import Sequence
from enum import Enum

from golden.layers import HeadSum, Lif, TokenSum
from golden.net import Net
from golden.zoo.builder import Builder, several, single
from ir import IMAGE

__all__ = ["QKAttention", "qkformer"]


class QKAttention(Enum):
    """What the mask of query and key attention is one for."""

    TOKEN = "token"
    """For each token and head: whether the query spikes in any of the head's channels."""

    CHANNEL = "channel"
    """For each channel: whether the query spikes at any token."""


def qkformer(*, channels: int, height: int, width: int, classes: int, steps: int,
             widths: Sequence[int], depths: Sequence[int], heads: int, mlp_ratio: int = 4,
             stride: int = 1, attention: str = "token", events: int = 0, seed: int = 0) -> Net:
    """QKFormer (Zhou et al., NeurIPS 2024, arXiv 2403.16552).

    All stages but the last have query-key attention, the last has spiking self-attention. What is
    added are spikes. Shortcuts around each patch embedding are convolutions ("deformed").

    Parameters
    ----------
    channels, height, width, classes, steps, heads, events, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    widths, depths : sequence of int
        Dimension and number of blocks of each stage; published for 32x32 images: 96, 192, 384 and
        1, 1, 2.
    mlp_ratio : int
    stride : int
        Of the first convolution.
    attention : str
        A value of :class:`QKAttention`.
    """
    build = Builder("qkformer", locals())
    kind = QKAttention(attention)
    x = _first_embedding(build, widths[0], stride)
    for stage, (dim, depth) in enumerate(zip(widths, depths, strict=True)):
        if stage:
            x = _embedding(build, stage, x, dim)
        for i in range(depth):
            name, source = f"stage{stage}_block{i}", f"stage{stage + 1}.{i}."
            if stage + 1 < len(widths):
                y = _query_key(build, name, x, heads, kind, f"{source}tssa.")
            else:
                y = _self_attention(build, name, x, heads, f"{source}ssa.")
            x = build.sum(f"{name}_add", x, y)
            y = build.fire(f"{name}_fc1", x, mlp_ratio * dim, source=single(source, "mlp.mlp1"))
            y = build.fire(f"{name}_fc2", y, dim, source=single(source, "mlp.mlp2"))
            x = build.sum(f"{name}_mlp_add", x, y)
    return build.logits(x, classes)


def _first_embedding(build: Builder, dim: int, stride: int) -> str:
    source = "patch_embed1."
    x = build.fire("embed0_in", IMAGE, dim // 2, 3, stride, source=single(source, "proj"))
    y = build.fire("embed0_conv", x, dim, 3, source=single(source, "proj1"))
    z = build.fire("embed0_res", x, dim, source=single(source, "proj_res"))
    return build.sum("embed0", y, z)


def _embedding(build: Builder, stage: int, x: str, dim: int) -> str:
    source, name = f"patch_embed{stage + 1}.", f"embed{stage}"
    y = build.fire(f"{name}_in", x, dim, 3, source=single(source, "proj3"))
    y = build.conv(f"{name}_conv", y, dim, 3, source=single(source, "proj4"))
    y = build.spikes(f"{name}_conv_lif", build.pool(f"{name}_pool", y))
    z = build.fire(f"{name}_res", x, dim, 1, 2, source=single(source, "proj_res"))
    return build.sum(name, y, z)


def _query_key(build: Builder, name: str, x: str, heads: int, kind: QKAttention,
               source: str) -> str:
    dim = build.channels[x]
    y = build.fire(f"{name}_qk", x, 2 * dim, source=several(source, "qk"))
    q, k = build.split(name, y, "q", "k")
    if kind is QKAttention.TOKEN:
        count = build.add(f"{name}_sum", HeadSum(heads), q, channels=heads)
    else:
        count = build.add(f"{name}_sum", TokenSum(mean=False), q)
    y = build.gate(f"{name}_attn", k, build.spikes(f"{name}_mask", count, Lif(0.5)))
    return build.fire(f"{name}_proj", y, dim, source=single(source, "proj"))


def _self_attention(build: Builder, name: str, x: str, heads: int, source: str) -> str:
    dim = build.channels[x]
    y = build.fire(f"{name}_qkv", x, 3 * dim, source=several(source))
    y = build.attend(f"{name}_attn", y, heads, Lif(0.5))
    return build.fire(f"{name}_proj", y, dim, source=single(source, "proj"))
