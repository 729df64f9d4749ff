"""What the architectures share: a net that grows layer by layer, and the groups they all use."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from torch import Generator

from golden.layers import (
    Add,
    Concat,
    Conv,
    DepthwiseConv,
    Gate,
    Layer,
    Lif,
    MaxPool,
    Repeat,
    SelfAttention,
    Slice,
    TimeSum,
    TokenSum,
)
from golden.net import Net
from ir import IMAGE, Encoding, Interval, TensorType

__all__ = ["BRANCH_GAIN", "Builder", "Neuron", "Source", "several", "single"]

BRANCH_GAIN = 0.3
"""Batch norm weight with which branches into a membrane shortcut start."""

Neuron = Callable[[], Layer]
"""Makes a layer of neurons; it is called once for each."""

Source = tuple[Any, ...]
"""Where a layer's weights lie in a published checkpoint: convolution and batch norm, or several
such pairs whose outputs are side by side; empty where nothing is published."""


class Builder:
    """Adds layers to a new net and keeps count of their channels.

    Parameters
    ----------
    architecture : str
    arguments : mapping
        Those of the architecture, as JSON can hold them. ``channels``, ``height``, ``width`` and
        ``seed`` are read here; so are ``steps`` (1 where there are none), ``events``, the
        highest count of events of a pixel in a frame, 0 for images that repeat over time, and
        ``grey_levels``, how many a pixel of such an image has (256 where they are not given).
    neuron : callable
        Makes neurons where an architecture does not say which.
    """

    def __init__(self, architecture: str, arguments: Mapping[str, Any], *, neuron: Neuron = Lif):
        self.steps: int = arguments.get("steps", 1)
        self.events: int = arguments.get("events", 0)
        self.neuron = neuron
        self.generator = Generator().manual_seed(arguments["seed"])
        levels = self.events + 1 if self.events else arguments.get("grey_levels", 256)
        image = TensorType(steps=self.steps if self.events else 1, channels=arguments["channels"],
                           height=arguments["height"], width=arguments["width"],
                           interval=Interval(0, levels - 1))
        # small values, read as pixels of 256 levels, would drown in a batch norm's epsilon
        encoding = Encoding(scale=Fraction(1, levels))
        # as a checkpoint will hold them
        self.net = Net(image, encoding, architecture, json.loads(json.dumps(dict(arguments))))
        self.channels = {IMAGE: image.channels}

    def add(self, name: str, layer: Layer, *inputs: str, channels: int | None = None) -> str:
        """Add a layer; it has as many channels as its first input unless said otherwise."""
        self.net.add(name, layer, *inputs)
        self.channels[name] = self.channels[inputs[0]] if channels is None else channels
        return name

    def conv(self, name: str, x: str, outputs: int, kernel: int = 1, stride: int = 1,
             **settings: Any) -> str:
        """Convolution and batch norm; of an image, computed once and held for all time steps."""
        layer = Conv(self.channels[x], outputs, kernel=kernel, stride=stride,
                     generator=self.generator, **settings)
        y = self.add(name, layer, x, channels=outputs)
        if x != IMAGE or self.events or self.steps == 1:
            return y
        return self.add(f"{name}_repeat", Repeat(self.steps), y)

    def depthwise(self, name: str, x: str, kernel: int, stride: int = 1, **settings: Any) -> str:
        """Convolution of each channel by itself."""
        layer = DepthwiseConv(self.channels[x], kernel=kernel, stride=stride,
                              generator=self.generator, **settings)
        return self.add(name, layer, x)

    def spikes(self, name: str, x: str, neuron: Layer | None = None) -> str:
        """Neurons."""
        return self.add(name, self.neuron() if neuron is None else neuron, x)

    def fire(self, name: str, x: str, outputs: int, kernel: int = 1, stride: int = 1,
             **settings: Any) -> str:
        """Convolution, batch norm and neurons, in this order."""
        x = self.conv(name, x, outputs, kernel, stride, **settings)
        return self.spikes(f"{name}_lif", x)

    def pool(self, name: str, x: str) -> str:
        """The max pooling of all stems: 3x3, half the rows and columns."""
        return self.add(name, MaxPool(3, 2, 1), x)

    def dilate(self, name: str, x: str) -> str:
        """3x3 max pooling that leaves the map as large as it is."""
        return self.add(name, MaxPool(3, 1, 1), x)

    def sum(self, name: str, x: str, y: str) -> str:
        """The shortcut ``x`` and the branch ``y`` together."""
        return self.add(name, Add(), x, y)

    def concat(self, name: str, x: str, y: str) -> str:
        """Channels side by side."""
        return self.add(name, Concat(), x, y, channels=self.channels[x] + self.channels[y])

    def split(self, name: str, x: str, *suffixes: str) -> tuple[str, ...]:
        """The channels of ``x`` in equal parts, ``name`` with a suffix each."""
        size = self.channels[x] // len(suffixes)
        return tuple(self.cut(f"{name}_{suffix}", x, i * size, (i + 1) * size)
                     for i, suffix in enumerate(suffixes))

    def cut(self, name: str, x: str, start: int, stop: int | None = None) -> str:
        """The channels of ``x`` from ``start`` up to, not including, ``stop``; else up to all."""
        stop = self.channels[x] if stop is None else stop
        return self.add(name, Slice(start, stop), x, channels=stop - start)

    def gate(self, name: str, x: str, gate: str) -> str:
        """``x`` where the gate spikes."""
        return self.add(name, Gate(), x, gate)

    def attend(self, name: str, qkv: str, heads: int, neuron: Layer, *, scale: float = 0.125,
               ratio: int = 1) -> str:
        """Self-attention of query, key and value side by side, and its neurons."""
        channels = self.channels[qkv] // (2 + ratio) * ratio
        x = self.add(name, SelfAttention(heads, scale, ratio), qkv, channels=channels)
        return self.spikes(f"{name}_lif", x, neuron)

    def pooled(self, name: str, x: str) -> str:
        """The mean over all tokens."""
        return self.add(name, TokenSum(), x)

    def logits(self, x: str, classes: int, neuron: Layer | None = None) -> Net:
        """Mean over tokens, neurons if there are any, mean over time, linear layer: the net."""
        x = self.pooled("pool", x)
        if neuron is not None:
            x = self.spikes("head_lif", x, neuron)
        return self.classify(x, classes)

    def classify(self, x: str, classes: int) -> Net:
        """Mean over time and linear layer of one position: the net, which is whole now."""
        if self.steps > 1:
            x = self.add("count", TimeSum(), x)
        self.conv("head", x, classes, norm=False, source=("head",))
        return self.net


def single(prefix: str, part: str, kind: str = "conv") -> Source:
    """The source ``PREFIXpart_conv`` and ``PREFIXpart_bn``; none without a prefix."""
    return (f"{prefix}{part}_{kind}", f"{prefix}{part}_bn") if prefix else ()


def several(prefix: str, parts: str = "qkv", kind: str = "conv") -> Source:
    """The sources of layers that a published model keeps apart and that are one here."""
    return tuple(single(prefix, part, kind) for part in parts) if prefix else ()
