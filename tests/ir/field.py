"""A random graph with every operator, on frames of events."""

import numpy as np

from ir import Graph, Node
from ir.ops import (
    Add,
    Concat,
    DepthwiseConv,
    Gate,
    HeadSum,
    LevelLif,
    Lif,
    MaskAttention,
    MaxPool,
    ParallelNeuron,
    Polarity,
    Reset,
    SelfAttention,
    Slice,
    SumPool,
    TimeSum,
    TokenSum,
    Upsample,
)
from ir.tensors import Interval, TensorType
from tests.ir.graphs import random_conv

__all__ = ["field_graph"]

FRAMES = TensorType(steps=3, channels=2, height=6, width=6, interval=Interval(0, 15))


def field_graph(seed: int = 0, width: int = 8) -> Graph:
    """Every operator but ``Repeat``, in branches that meet in all the ways there are."""
    rng = np.random.default_rng(seed)
    steps = FRAMES.steps

    def depthwise(kernel: int, stride: int, channels: int = width) -> DepthwiseConv:
        return DepthwiseConv(weight=rng.integers(-8, 8, (channels, kernel, kernel)),
                             bias=rng.integers(-9, 10, channels),
                             shift=rng.integers(0, 2, channels), weight_bits=4, stride=stride,
                             padding=kernel // 2)

    def lif(channels: int, high: int, **options) -> Lif:
        return Lif(threshold=rng.integers(1, high, channels), **options)

    def levels(channels: int, count: int, high: int, **options) -> LevelLif:
        return LevelLif(threshold=np.sort(rng.integers(1, high, (count, channels)), axis=0),
                        spacing=rng.integers(1, high, channels), **options)

    neuron = ParallelNeuron(weight=rng.integers(-3, 4, (steps, steps)),
                            threshold=rng.integers(-50, 50, (steps, width)))
    nodes = (
        Node("stem", random_conv(rng, 2, width, 3, padding=1), ("image",)),
        Node("spikes", lif(width, 200, drive=2, divisor=3), ("stem",)),
        # a pool of signed currents into a parallel neuron, beside a depthwise, pointwise pair
        Node("pooled", MaxPool(kernel=3, stride=2, padding=1), ("stem",)),
        Node("parallel", neuron, ("pooled",)),
        Node("depthwise", depthwise(3, 2), ("spikes",)),
        Node("pointwise", random_conv(rng, width, width), ("depthwise",)),
        Node("gain", depthwise(1, 1), ("pooled",)),
        Node("stream", Add(), ("pointwise", "gain")),
        Node("ternary", levels(width, 1, 90, keep=1, divisor=2, polarity=Polarity.BOTH),
             ("stream",)),
        Node("ternary_conv", random_conv(rng, width, width), ("ternary",)),
        # attention by tokens, and by masks over tokens
        Node("qk", random_conv(rng, width, 2 * width), ("parallel",)),
        Node("qk_lif", lif(2 * width, 20, keep=3, drive=4, divisor=7, fraction_bits=4), ("qk",)),
        Node("q", Slice(start=0, stop=width), ("qk_lif",)),
        Node("k", Slice(start=width, stop=2 * width), ("qk_lif",)),
        Node("heads", HeadSum(heads=2), ("q",)),
        Node("heads_any", levels(2, 1, 2), ("heads",)),
        Node("tokens", Gate(), ("k", "heads_any")),
        Node("both", Gate(), ("tokens", "q")),
        Node("count", TokenSum(), ("both",)),
        Node("count_lif", lif(width, 3), ("count",)),
        Node("masked", Gate(), ("tokens", "count_lif")),
        # back to the large map, side by side with what came before
        Node("large", Upsample(factor=2), ("masked",)),
        Node("wide", Concat(), ("large", "spikes")),
        Node("average", SumPool(kernel=2, stride=2), ("wide",)),
        Node("narrow", random_conv(rng, 2 * width, width), ("average",)),
        Node("sum", Add(), ("narrow", "ternary_conv")),
        Node("sum_lif", lif(width, 60, keep=1, drive=1, divisor=1, reset=Reset.BY_THRESHOLD),
             ("sum",)),
        Node("qkv", random_conv(rng, width, 4 * width), ("sum_lif",)),
        Node("qkv_levels", levels(4 * width, 3, 20), ("qkv",)),
        Node("sums", SelfAttention(heads=2, value_ratio=2), ("qkv_levels",)),
        Node("sums_levels", levels(2 * width, 4, 400), ("sums",)),
        Node("proj", random_conv(rng, 2 * width, 3 * width), ("sums_levels",)),
        Node("proj_lif", Lif(threshold=rng.integers(1, 9, (steps, 3 * width))), ("proj",)),
        Node("masks", MaskAttention(), ("proj_lif",)),
        Node("mix", random_conv(rng, width, width), ("masks",)),
        Node("out", Add(), ("mix", "sum")),
        Node("pool", TokenSum(), ("out",)),
        Node("total", TimeSum(), ("pool",)),
        Node("logits", random_conv(rng, width, 3), ("total",)),
    )
    return Graph("field", FRAMES, nodes)
