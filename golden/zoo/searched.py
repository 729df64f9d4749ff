"""The spiking transformer whose every part a search may choose."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from golden.layers import Lif, MaskAttention, SelfAttention
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder
from ir import IMAGE
from ir.ops import Reset

__all__ = ["MIXERS", "NEURONS", "searched"]

MIXERS = ("mask", "self", "conv")
"""What lets tokens meet: mask attention, spiking self-attention, a depthwise convolution."""

NEURONS: Mapping[str, Mapping[str, Any]] = {
    "hard": {},
    "soft": {"reset": Reset.BY_THRESHOLD},
    "integrate": {"tau": math.inf, "reset": Reset.BY_THRESHOLD},
}
"""Leaky with reset to zero, leaky with reset by the threshold, and without a leak."""


def searched(*, channels: int, height: int, width: int, classes: int, steps: int,
             stem: Sequence[int], strides: Sequence[int], dim: int,
             blocks: Sequence[Mapping[str, Any]], neuron: str = "hard", seed: int = 0) -> Net:
    """A stem of strides, blocks on a membrane shortcut that each are their own, a spiking head.

    With mask attention everywhere it is :func:`golden.zoo.spiking_transformer.spiking_transformer`.
    Time constants and thresholds of a layer's own are searched as in Auto-Spikformer (Che et al.,
    arXiv 2306.00807); the convolution instead of attention is Max-Former's (arXiv 2505.18608).

    Parameters
    ----------
    channels, height, width : int
        Of the image.
    classes, steps : int
    stem, strides : sequence of int
        Channels of the stem's convolutions but the last, which has ``dim``; strides of all.
    dim : int
        Channels of a token.
    blocks : sequence of mappings
        Each with ``mixer`` (one of :data:`MIXERS`), ``heads`` (of self-attention), ``hidden``
        (channels inside the MLP), ``tau`` and ``threshold`` (of the MLP's neurons).
    neuron : str
        One of :data:`NEURONS`, of all neurons; ``integrate`` knows no ``tau``.
    seed : int
        Of the initial weights.

    Raises
    ------
    ValueError
        For strides, a mixer or a neuron that there are not.
    """
    arguments = dict(locals())
    if len(strides) != len(stem) + 1:
        raise ValueError(f"searched has {len(strides)} strides for {len(stem) + 1} stem "
                         "convolutions")
    if neuron not in NEURONS:
        raise ValueError(f"searched neuron is one of {', '.join(NEURONS)}, not {neuron!r}")
    kind = NEURONS[neuron]
    b = Builder("searched", arguments, neuron=lambda: Lif(**kind))
    x = IMAGE
    for i, stride in enumerate(strides):
        x = b.conv(f"stem{i}", x, (*stem, dim)[i], kernel=3, stride=stride)
        if i < len(stem):
            x = b.spikes(f"stem{i}_lif", x)
    for i, block in enumerate(blocks):
        x = _mixer(b, f"block{i}", x, block)
        x = _mlp(b, f"block{i}", x, block, kind)
    return b.logits(x, classes, b.neuron())


def _mixer(b: Builder, name: str, x: str, block: Mapping[str, Any]) -> str:
    dim, y = b.channels[x], b.spikes(f"{name}_lif", x)
    if block["mixer"] == "conv":
        y = b.spikes(f"{name}_mix_lif", b.depthwise(f"{name}_mix", y, 3))
    elif block["mixer"] == "mask":
        y = b.add(f"{name}_attn", MaskAttention(), b.fire(f"{name}_qkv", y, 3 * dim), channels=dim)
    elif block["mixer"] == "self":
        y = b.fire(f"{name}_qkv", y, 3 * dim)
        y = b.add(f"{name}_attn", SelfAttention(block["heads"]), y, channels=dim)
        y = b.spikes(f"{name}_attn_lif", y, Lif(0.5))
    else:
        raise ValueError(f"searched mixer is one of {', '.join(MIXERS)}, not {block['mixer']!r}")
    return b.sum(f"{name}_add", x, b.conv(f"{name}_proj", y, dim, gain=BRANCH_GAIN))


def _mlp(b: Builder, name: str, x: str, block: Mapping[str, Any], kind: Mapping[str, Any]) -> str:
    own = {"tau": block["tau"], **kind}
    y = b.spikes(f"{name}_mlp_lif", x, Lif(block["threshold"], **own))
    y = b.conv(f"{name}_fc1", y, block["hidden"])
    y = b.spikes(f"{name}_fc1_lif", y, Lif(block["threshold"], **own))
    y = b.conv(f"{name}_fc2", y, b.channels[x], gain=BRANCH_GAIN)
    return b.sum(f"{name}_mlp_add", x, y)
