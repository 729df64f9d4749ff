"""The spiking transformer of the presets that are small circuits."""

from collections.abc import Sequence

from golden.layers import MaskAttention
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder
from ir import IMAGE

__all__ = ["patch_transformer"]


def patch_transformer(*, channels: int, height: int, width: int, classes: int,
                      stem: Sequence[Sequence[int]], blocks: int, hidden: int,
                      query: int | None = None, parallel: bool = False, pooled: bool = False,
                      grey_levels: int = 256, seed: int = 0) -> Net:
    """Patches of the image as tokens, blocks of mask attention, and a head; one time step.

    It is the Spike-driven Transformer (Yao et al., NeurIPS 2023, arXiv 2307.01694) with few
    operators, because each costs a circuit something, however few channels it has.

    Parameters
    ----------
    channels, height, width : int
        Of the image.
    classes : int
    stem : sequence of kernel, stride, padding and channels
        Of the convolutions that make tokens; the last says how wide a token is.
    blocks : int
    hidden : int
        Channels inside the MLP.
    query : int, optional
        Channels of query, key and value each; as many as a token has where it is not given.
    parallel : bool
        Whether attention and MLP read the same spikes and are added to the shortcut together
        (Wang and Komatsuzaki, GPT-J, 2021), which takes two layers of weights, not four.
    pooled : bool
        Whether spikes are summed over tokens before the head; otherwise it weighs each token's.
    grey_levels : int
        Grey levels of a pixel, a power of two.
    seed : int
        Of the initial weights.
    """
    build = Builder("patch_transformer", locals())
    x = IMAGE
    for i, (kernel, stride, padding, outputs) in enumerate(stem):
        if i:
            x = build.spikes(f"stem{i - 1}_lif", x)
        x = build.conv(f"stem{i}", x, outputs, kernel, stride, padding=padding)
    for i in range(blocks):
        x = (_parallel if parallel else _sequential)(
            build, f"block{i}", x, hidden, query or build.channels[x])
    x = build.spikes("head_lif", x)
    if pooled:
        return build.classify(build.pooled("pool", x), classes)
    _, _, rows, columns = build.net.shapes[x]
    if rows != columns:
        raise ValueError(f"patch_transformer needs as many rows of tokens as columns where it "
                         f"weighs each token, not {rows}x{columns}; sum them with pooled")
    build.conv("head", x, classes, rows, padding=0, norm=False)
    return build.net


def _attend(build: Builder, name: str, qkv: str) -> str:
    return build.add(f"{name}_attn", MaskAttention(), qkv, channels=build.channels[qkv] // 3)


def _sequential(build: Builder, name: str, x: str, hidden: int, query: int) -> str:
    dim = build.channels[x]
    y = build.fire(f"{name}_qkv", build.spikes(f"{name}_lif", x), 3 * query)
    y = build.conv(f"{name}_proj", _attend(build, name, y), dim, gain=BRANCH_GAIN)
    x = build.sum(f"{name}_add", x, y)
    y = build.fire(f"{name}_fc1", build.spikes(f"{name}_mlp_lif", x), hidden)
    y = build.conv(f"{name}_fc2", y, dim, gain=BRANCH_GAIN)
    return build.sum(f"{name}_mlp_add", x, y)


def _parallel(build: Builder, name: str, x: str, hidden: int, query: int) -> str:
    dim, wide = build.channels[x], 3 * query
    y = build.fire(f"{name}_in", build.spikes(f"{name}_lif", x), wide + hidden)
    qkv, inside = build.cut(f"{name}_qkv", y, 0, wide), build.cut(f"{name}_hidden", y, wide)
    y = build.concat(f"{name}_both", _attend(build, name, qkv), inside)
    return build.sum(f"{name}_add", x, build.conv(f"{name}_out", y, dim, gain=BRANCH_GAIN))
