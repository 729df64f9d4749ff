"""Small random graphs of the shape of a spike-driven transformer."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from ir import Encoding, Graph, Node, pixels
from ir.ops import (
    Add,
    Conv,
    Lif,
    MaskAttention,
    Repeat,
    Reset,
    SelfAttention,
    TimeSum,
    TokenSum,
)

__all__ = ["graphs", "random_conv", "small_graph"]


def random_conv(rng: np.random.Generator, inputs: int, outputs: int, kernel: int = 1,
                bits: int = 4, **options) -> Conv:
    """A convolution with weights of ``bits`` bits, small biases and shifts."""
    weight = rng.integers(-(1 << bits - 1), 1 << bits - 1, (outputs, inputs, kernel, kernel))
    return Conv(weight=weight, bias=rng.integers(-9, 10, outputs),
                shift=rng.integers(0, 2, outputs), weight_bits=bits, **options)


def small_graph(seed: int = 0, *, channels: int = 4, size: int = 4, steps: int = 2,
                classes: int = 3, bits: int = 4, reset: Reset = Reset.TO_ZERO,
                self_attention: bool = False) -> Graph:
    """One block on images ``[1, size, size]``: every operator but one of the attentions."""
    rng = np.random.default_rng(seed)

    def lif(width: int, high: int = 20) -> Lif:
        return Lif(threshold=rng.integers(1, high, width), reset=reset)

    attention = [Node("attention", MaskAttention(), ("qkv_lif",))]
    if self_attention:
        attention = [Node("sums", SelfAttention(heads=2), ("qkv_lif",)),
                     Node("attention", lif(channels, 4), ("sums",))]
    nodes = (
        Node("stem", random_conv(rng, 1, channels, 3, bits, padding=1, pad_value=3), ("image",)),
        Node("current", Repeat(steps=steps), ("stem",)),
        Node("stem_lif", lif(channels, 2000), ("current",)),
        Node("down", random_conv(rng, channels, channels, 3, bits, padding=1, stride=2),
             ("stem_lif",)),
        Node("down_lif", lif(channels), ("down",)),
        Node("qkv", random_conv(rng, channels, 3 * channels, 1, bits), ("down_lif",)),
        Node("qkv_lif", lif(3 * channels), ("qkv",)),
        *attention,
        Node("projection", random_conv(rng, channels, channels, 1, bits), ("attention",)),
        Node("residual", Add(), ("down", "projection")),
        Node("last_lif", lif(channels), ("residual",)),
        Node("tokens", TokenSum(), ("last_lif",)),
        Node("counts", TimeSum(), ("tokens",)),
        Node("head", random_conv(rng, channels, classes, 1, bits), ("counts",)),
    )
    return Graph("small", pixels(1, size, size), nodes,
                 Encoding(scale=Fraction(1, 255), mean=(0.25,), std=(0.5,)),
                 {"seed": seed, "about": "random"})


def graphs() -> st.SearchStrategy[Graph]:
    """Small graphs of all shapes."""
    return st.builds(small_graph, st.integers(0, 1000), channels=st.sampled_from([2, 4, 6]),
                     size=st.integers(2, 5), steps=st.integers(1, 4), bits=st.integers(2, 8),
                     reset=st.sampled_from(Reset), self_attention=st.booleans())
