"""Small networks that have every kind of layer, in the company that published ones keep."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import torch
from torch import Generator

from golden.layers import (
    Add,
    Concat,
    Conv,
    DepthwiseConv,
    Gate,
    HeadSum,
    Layer,
    LevelLif,
    Lif,
    MaskAttention,
    MaxPool,
    ParallelNeuron,
    Repeat,
    SelfAttention,
    Slice,
    SumPool,
    TimeSum,
    TokenSum,
    Upsample,
)
from golden.net import Net
from ir import IMAGE, Encoding, Interval, TensorType, pixels
from ir.ops import Polarity, Reset

__all__ = ["COLOURS", "NETS", "Build", "coloured", "head_gate", "images_for", "masks",
           "self_attention", "token_gate"]

CHANNELS, SIDE, STEPS = 2, 8, 3
COLOURS = Encoding(scale=Fraction(1, 255), mean=(0.4914, 0.4465), std=(0.247, 0.2616))
EVENTS = TensorType(steps=STEPS, channels=CHANNELS, height=SIDE, width=SIDE,
                    interval=Interval(0, 15))


class Build:
    """A small network that grows by one layer at a time; every one gets a name of its own."""

    def __init__(self, image: TensorType | None = None, encoding: Encoding | None = None,
                 seed: int = 0):
        self.net = Net(image or pixels(CHANNELS, SIDE, SIDE), encoding)
        self.generator = Generator().manual_seed(seed)
        self.x = IMAGE

    def add(self, layer: Layer, *inputs: str) -> str:
        name = f"{type(layer).__name__.lower()}{len(self.net.layers)}"
        self.x = self.net.add(name, layer, *(inputs or (self.x,)))
        return self.x

    def channels(self, name: str | None = None) -> int:
        return self.net.shapes[name or self.x][1]

    def conv(self, outputs: int, *inputs: str, **settings) -> str:
        channels = self.channels(inputs[0] if inputs else None)
        return self.add(Conv(channels, outputs, generator=self.generator, **settings), *inputs)

    def depthwise(self, *inputs: str, **settings) -> str:
        channels = self.channels(inputs[0] if inputs else None)
        return self.add(DepthwiseConv(channels, generator=self.generator, **settings), *inputs)

    def spikes(self, outputs: int = 8, neuron: Layer | None = None, **settings) -> str:
        """Spikes of a convolution, for all time steps; the image's is computed once."""
        first = self.x == IMAGE and self.net.image.steps == 1
        self.conv(outputs, **settings)
        if first:
            self.add(Repeat(STEPS))
        return self.add(neuron or Lif())

    def finish(self) -> Net:
        self.add(TokenSum())
        self.add(TimeSum())
        self.conv(5, norm=False)
        return self.net


def images_for(net: Net, count: int = 24) -> np.ndarray:
    shape = net.image.shape if net.image.steps > 1 else net.image.shape[1:]
    generator = Generator().manual_seed(7)
    high = net.image.interval.high + 1
    return torch.randint(high, (count, *shape), dtype=torch.uint8, generator=generator).numpy()


def after_spikes(*layers: Layer) -> Callable[[], Net]:
    """A network whose spikes pass these layers on their way to another convolution."""
    def build() -> Net:
        at = Build()
        at.spikes(8, kernel=3)
        for layer in layers:
            at.add(layer)
        at.spikes(6)
        return at.finish()
    return build


def with_neuron(neuron: Layer, channels: int = 8) -> Callable[[], Net]:
    """A network with these neurons behind a convolution, and more weights behind them."""
    def build() -> Net:
        at = Build()
        at.spikes(8, kernel=3)
        at.spikes(channels, neuron, kernel=3)
        at.spikes(6)
        return at.finish()
    return build


def sew() -> Net:
    at = Build()
    x = at.spikes(8, kernel=3)
    at.spikes(8, kernel=3)
    at.add(Add(), at.x, x)
    at.add(MaxPool(3, 2, 1))
    at.spikes(8)
    at.add(Add(), at.x, at.x)
    at.add(Lif(0.75, tau=1.5))
    return at.finish()


def membrane_shortcuts() -> Net:
    """Writers before and behind averages, of spikes and of counts."""
    at = Build()
    s = at.spikes(8, kernel=3)
    a = at.conv(8, kernel=3)
    b = at.conv(8, s, gain=0.3)
    x = at.add(Add(), a, b)
    pooled = at.add(SumPool(2, 2), x)
    y = at.conv(8, at.add(Lif(), x), stride=2, gain=0.5)
    x = at.add(Add(), pooled, y)
    z = at.conv(8, at.add(LevelLif(4, norm=0.25), x), kernel=3)
    at.add(Add(), x, z)
    at.add(Lif())
    return at.finish()


def pool_of_currents() -> Net:
    at = Build()
    at.conv(8, kernel=3)
    at.add(Repeat(STEPS))
    at.add(MaxPool(3, 2, 1))
    at.add(Lif())
    at.conv(8)
    at.add(SumPool(2, 2))
    at.add(Upsample(2))
    at.add(Lif(torch.linspace(0.3, 0.9, 8)))
    return at.finish()


def separable(neuron: bool) -> Net:
    """A depthwise convolution into a pointwise one, into a stream; the middle is signed."""
    at = Build()
    s = at.spikes(8, kernel=3)
    x = at.conv(8, s)
    at.depthwise(s, kernel=3, norm=False)
    if neuron:
        at.add(Lif())
    y = at.conv(8, gain=0.5)
    at.add(Add(), x, y)
    at.add(Lif())
    at.depthwise(kernel=5, stride=2)
    at.add(Lif())
    return at.finish()


def gains() -> Net:
    """Currents times a constant per channel, added to a finer stream."""
    at = Build()
    a = at.spikes(8, kernel=3)
    x = at.conv(8, a)
    scaled = at.depthwise(x, norm=False, gain=0.6)
    y = at.conv(8, a, kernel=3)
    at.add(Add(), scaled, y)
    at.add(Lif())
    return at.finish()


def masks() -> Net:
    at = Build()
    at.spikes(12, kernel=3)
    qkv = at.spikes(24)
    at.add(MaskAttention(), qkv)
    at.spikes(8)
    return at.finish()


def self_attention(neuron: Layer, qkv: Layer, heads: int, ratio: int, scale: float) -> Net:
    at = Build()
    at.spikes(8, kernel=3, stride=2)
    at.spikes(8 * (2 + ratio), qkv)
    at.add(SelfAttention(heads, scale, ratio))
    at.add(neuron)
    at.spikes(6)
    return at.finish()


def head_gate(neuron: Layer) -> Net:
    at = Build()
    at.spikes(8, kernel=3)
    q = at.spikes(12)
    at.add(HeadSum(3))
    gate = at.add(neuron)
    at.add(Gate(), q, gate)
    at.spikes(6)
    return at.finish()


def token_gate(neuron: Layer) -> Net:
    at = Build()
    at.spikes(8, kernel=3)
    q = at.spikes(12)
    at.add(TokenSum(mean=False))
    gate = at.add(neuron)
    at.add(Gate(), q, gate)
    at.spikes(6)
    return at.finish()


def halves() -> Net:
    at = Build()
    x = at.spikes(8, kernel=3)
    a, b = at.add(Slice(0, 3), x), at.add(Slice(3, 8), x)
    at.add(Concat(), b, a)
    y = at.conv(6)
    at.add(Concat(), at.conv(4, x), y)
    at.add(Upsample(2))
    at.add(Lif())
    at.add(MaxPool(1, 2))
    return at.finish()


def halves_of_currents() -> Net:
    at = Build()
    at.spikes(8, kernel=3)
    x = at.conv(8)
    a = at.add(Lif(), at.add(Slice(5, 8), x))
    b = at.add(Lif(tau=1.5), at.add(Slice(0, 5), x))
    at.add(Concat(), a, b)
    at.spikes(6)
    return at.finish()


def membrane_head() -> Net:
    """Weights on means of currents, as Spikingformer has them."""
    at = Build()
    x = at.spikes(8, kernel=3)
    a = at.conv(8)
    at.add(Add(), a, at.conv(8, x, kernel=3))
    return at.finish()


def coloured(padding: int | None, mean: tuple[float, ...] = COLOURS.mean) -> Net:
    at = Build(encoding=Encoding(scale=COLOURS.scale, mean=mean, std=COLOURS.std))
    at.spikes(8, kernel=3, padding=padding)
    at.spikes(6)
    return at.finish()


def frames() -> Net:
    at = Build(EVENTS, Encoding(scale=Fraction(1)))
    at.conv(8, kernel=3)
    at.add(MaxPool(2, 2))
    at.add(Lif(tau=1.5))
    at.spikes(6)
    return at.finish()


def pixels_into_a_stream() -> Net:
    at = Build(encoding=COLOURS)
    x = at.add(Repeat(STEPS), at.conv(8, kernel=3))
    at.add(Add(), x, at.conv(8, at.add(Lif(), x), kernel=3))
    at.add(Lif())
    return at.finish()


def averaged_pixels() -> Net:
    at = Build(encoding=COLOURS)
    at.add(SumPool(2, 2))
    at.depthwise(kernel=3)
    at.add(Repeat(STEPS))
    at.add(Lif())
    at.spikes(6)
    return at.finish()


def logits_per_step() -> Net:
    at = Build()
    at.spikes(8, kernel=3)
    at.add(TokenSum())
    at.add(Lif())
    at.conv(5, norm=False, bias=False)
    at.add(TimeSum())
    return at.net


per_channel = torch.linspace(0.4, 1.6, 8)
per_step = torch.linspace(0.5, 1.5, STEPS)[:, None] * torch.ones(8)
INFINITE = math.inf
NETS: dict[str, Callable[[], Net]] = {
    "sew": sew,
    "membrane shortcuts": membrane_shortcuts,
    "max pool of spikes": after_spikes(MaxPool(3, 2, 1)),
    "dilation": after_spikes(MaxPool(3, 1, 1)),
    "average pool": after_spikes(SumPool(2, 2), Upsample(2)),
    "average pool with border": after_spikes(SumPool(3, 2, 1)),
    "pools of currents": pool_of_currents,
    "integrate and fire": with_neuron(Lif(tau=INFINITE)),
    "tau 1.5": with_neuron(Lif(tau=1.5)),
    "tau 1.75": with_neuron(Lif(tau=1.75)),
    "tau 10": with_neuron(Lif(0.3, tau=10.0)),
    "no decay of input": with_neuron(Lif(tau=2.0, decay_input=False)),
    "decay 0.2": with_neuron(Lif(keep=0.2, threshold=0.5, strict=True)),
    "learned": with_neuron(Lif(tau=2.7182818, learn=True)),
    "soft reset": with_neuron(Lif(tau=INFINITE, reset=Reset.BY_THRESHOLD)),
    "soft reset, strict, leak": with_neuron(
        Lif(per_channel, tau=1.75, reset=Reset.BY_THRESHOLD, strict=True)),
    "thresholds per channel": with_neuron(Lif(per_channel)),
    "thresholds per step": with_neuron(Lif(per_step, tau=1.75)),
    "levels half up": with_neuron(LevelLif(4, norm=0.25)),
    "levels half even": with_neuron(LevelLif(4, step=0.25, norm=0.25, half_even=True)),
    "one level": with_neuron(LevelLif(1, half_even=True)),
    "levels with a state": with_neuron(LevelLif(4, tau=4 / 3)),
    "levels that decay": with_neuron(LevelLif(3, step=0.5, tau=2.0, decay_input=True)),
    "ternary": with_neuron(LevelLif(1, polarity=Polarity.BOTH)),
    "ternary with a state": with_neuron(LevelLif(2, tau=2.0, polarity=Polarity.BOTH)),
    "parallel": with_neuron(ParallelNeuron(STEPS)),
    "parallel masked": with_neuron(ParallelNeuron(STEPS, order=2)),
    "parallel sliding": with_neuron(ParallelNeuron(STEPS, order=2, sliding=True)),
    "masks": masks,
    "products of spikes": lambda: self_attention(Lif(0.5), Lif(), 2, 1, 0.125),
    "products, tau 1.5": lambda: self_attention(Lif(0.5, tau=1.5), Lif(tau=1.5), 4, 1, 0.25),
    "products, tau 1.75": lambda: self_attention(Lif(0.5, tau=1.75), Lif(), 4, 1, 0.25),
    "products of levels": lambda: self_attention(
        LevelLif(4, norm=0.25), LevelLif(4, norm=0.25), 2, 2, 2 / math.sqrt(4)),
    "products, odd scale": lambda: self_attention(
        LevelLif(4, norm=0.25, half_even=True), LevelLif(4, norm=0.25), 1, 1, 2 / math.sqrt(8)),
    "head gate": lambda: head_gate(Lif(0.5)),
    "head gate of two": lambda: head_gate(Lif(1.0)),
    "head gate, learned": lambda: head_gate(Lif(0.5, tau=3.3, learn=True)),
    "token gate": lambda: token_gate(Lif(0.5, tau=1.75)),
    "token gate with a state": lambda: token_gate(Lif(3.3)),
    "separable": lambda: separable(True),
    "separable without neurons": lambda: separable(False),
    "gains": gains,
    "slices": halves,
    "slices of currents": halves_of_currents,
    "membrane head": membrane_head,
    "logits of every step": logits_per_step,
    "coloured": lambda: coloured(None),
    "coloured without border": lambda: coloured(0),
    "one mean": lambda: coloured(None, (0.5,)),
    "frames": frames,
    "pixels into a stream": pixels_into_a_stream,
    "averaged pixels": averaged_pixels,
}
