"""Spikformer and Spikformer V2: self-attention of spikes, shortcuts that add spikes."""

from collections.abc import Sequence

from golden.layers import Lif
from golden.net import Net
from golden.zoo.builder import Builder, several, single
from ir import IMAGE

__all__ = ["spikformer", "spikformer_v2"]


def spikformer(*, channels: int, height: int, width: int, classes: int, steps: int, dim: int,
               heads: int, blocks: int, hidden: int | None = None,
               widths: Sequence[int] | None = None, strides: Sequence[int] = (1, 1, 1, 1),
               pools: str = "0011", scale: float = 0.125, tau: float = 2.0, events: int = 0,
               seed: int = 0) -> Net:
    """Spikformer (Zhou et al., ICLR 2023, arXiv 2209.15425).

    Spiking patch splitting (SPS), then blocks of spiking self-attention and MLP whose branches end
    in neurons: what is added are spikes, so the shortcut holds small counts.

    Parameters
    ----------
    channels, height, width, classes, steps : int
        Of images and classes; time steps.
    dim, heads, blocks : int
    hidden : int, optional
        Of the MLP; four times ``dim``.
    widths, strides : sequence of four int
        Of the stem's convolutions; the widths of the paper are ``dim`` by 8, 4, 2 and 1.
    pools : str of four 0 or 1
        Behind which of the stem's neurons the map is halved by max pooling: 0011 is published for
        32x32 images, 1111 for ImageNet and frames of events.
    scale : float
        Of attention: 1/8 for images, 1/4 for frames of events.
    tau : float
    events : int
        Most events of a pixel in a frame; 0 for images.
    seed : int
    """
    build = Builder("spikformer", locals(), neuron=lambda: Lif(tau=tau))
    x, embed = IMAGE, "patch_embed."
    for i, outputs in enumerate(widths or (dim // 8, dim // 4, dim // 2, dim)):
        x = build.fire(f"stem{i}", x, outputs, 3, strides[i],
                       source=(f"{embed}proj_conv{i or ''}", f"{embed}proj_bn{i or ''}"))
        if pools[i] == "1":
            x = build.pool(f"stem{i}_pool", x)
    x = build.sum("rpe_add", x, build.fire("rpe", x, dim, 3, source=single(embed, "rpe")))
    for i in range(blocks):
        x = sew_block(build, f"block{i}", x, heads=heads, hidden=hidden or 4 * dim, scale=scale,
                      tau=tau, source=f"block.{i}.")
    return build.logits(x, classes)


def spikformer_v2(*, channels: int, height: int, width: int, classes: int, steps: int,
                  widths: Sequence[int], heads: int, blocks: int, expansion: int = 2,
                  hidden: int | None = None, scale: float = 0.125, tau: float = 2.0,
                  events: int = 0, seed: int = 0) -> Net:
    """Spikformer V2 (Zhou et al., 2024, arXiv 2401.02020), after the paper: it has no public code.

    The spiking convolutional stem (SCS) halves the map by strided convolutions instead of pooling;
    behind each, one convolution widens and one narrows again, with a shortcut. Then blocks as in
    Spikformer.

    Parameters
    ----------
    channels, height, width, classes, steps, heads, blocks, hidden, scale, tau, events, seed
        As for :func:`spikformer`.
    widths : sequence of int
        Of the stem's strided convolutions; the last is the blocks' dimension.
    expansion : int
        How much wider the stem's middle layers are.
    """
    build = Builder("spikformer_v2", locals(), neuron=lambda: Lif(tau=tau))
    x, dim = IMAGE, widths[-1]
    for i, outputs in enumerate(widths):
        x = build.fire(f"stem{i}", x, outputs, 3, 2)
        y = build.fire(f"stem{i}_expand", x, expansion * outputs, 3)
        x = build.sum(f"stem{i}_add", x, build.fire(f"stem{i}_contract", y, outputs, 3))
    for i in range(blocks):
        x = sew_block(build, f"block{i}", x, heads=heads, hidden=hidden or 4 * dim, scale=scale,
                      tau=tau)
    return build.logits(x, classes)


def sew_block(build: Builder, name: str, x: str, *, heads: int, hidden: int, scale: float,
              tau: float, source: str = "") -> str:
    """Self-attention and MLP, each a branch of spikes; ``source`` begins published names."""
    dim, attn, mlp = build.channels[x], source and f"{source}attn.", source and f"{source}mlp."
    y = build.fire(f"{name}_qkv", x, 3 * dim, source=several(attn, kind="linear"))
    y = build.attend(f"{name}_attn", y, heads, Lif(0.5, tau=tau), scale=scale)
    y = build.fire(f"{name}_proj", y, dim, source=single(attn, "proj", "linear"))
    x = build.sum(f"{name}_add", x, y)
    y = build.fire(f"{name}_fc1", x, hidden, source=single(mlp, "fc1", "linear"))
    y = build.fire(f"{name}_fc2", y, dim, source=single(mlp, "fc2", "linear"))
    return build.sum(f"{name}_mlp_add", x, y)
