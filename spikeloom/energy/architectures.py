"""The layers of published spiking transformers, as their code has them: sizes and operations.

One function for each family, as its model for ImageNet is: layers in the order of computation,
with the operations that a counter of FLOPs finds, additions of biases included. ``size`` is the
side of the square image; pooling halves it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["FAMILIES", "Reads", "Shape", "Sizes"]


class Reads(StrEnum):
    """What a layer's inputs are."""

    NUMBERS = "numbers"
    SPIKES = "spikes"
    COUNTS = "counts"


@dataclass(frozen=True)
class Sizes:
    """Those of one network."""

    channels: int
    depth: int
    heads: int
    steps: int
    size: int
    classes: int = 1000


@dataclass(frozen=True)
class Shape:
    """One layer.

    Parameters
    ----------
    name : str
    reads : Reads
    dense : float
        Operations of one image if every input were a spike, in all time steps.
    parameters : int
    group : str
        Under which its rates are published.
    index : int
        Its place there: the block's number, or the stem's.
    operands : tuple of str
        Of an attention: the rates that its operations follow, each product the smaller one of its
        two where both are spikes. Empty where the rate is that of the layer's input.
    """

    name: str
    reads: Reads
    dense: float
    parameters: int = 0
    group: str = ""
    index: int = 0
    operands: tuple[tuple[str, ...], ...] = ()


def _conv(name: str, reads: Reads, inputs: int, outputs: int, side: int, kernel: int = 3, *,
          steps: int, bias: bool = False, norm: bool = True, group: str = "",
          index: int = 0) -> Shape:
    """A convolution with ``side`` x ``side`` outputs, and the batch norm behind it."""
    weights = kernel * kernel * inputs * outputs
    return Shape(name, reads, float(steps * side * side * (weights + outputs * bias)),
                 weights + outputs * bias + 2 * outputs * norm, group, index)


def _self_attention(index: int, sizes: Sizes, channels: int, side: int) -> Shape:
    """K^T V, then Q times it: as many operations each."""
    dense = float(sizes.steps * side * side * channels * (channels // sizes.heads))
    return Shape(f"block{index}.attention", Reads.SPIKES, dense, index=index,
                 operands=(("key", "value"), ("query",)))


def _mask(index: int, sizes: Sizes, channels: int, side: int, *operands: str) -> Shape:
    """Attention by masks: an addition for each channel and token."""
    return Shape(f"block{index}.attention", Reads.SPIKES,
                 float(sizes.steps * side * side * channels), index=index, operands=(operands,))


def _block(index: int, sizes: Sizes, channels: int, side: int, reads: Reads, attention: Shape,
           parts: Sequence[str]) -> Iterator[Shape]:
    """Attention and a multilayer perceptron of ratio 4."""
    def linear(name: str, kind: Reads, inputs: int, outputs: int, group: str, bias: bool) -> Shape:
        return _conv(f"block{index}.{name}", kind, inputs, outputs, side, 1, steps=sizes.steps,
                     bias=bias, group=group, index=index)

    for part in parts:
        yield linear(part, reads, channels, channels, "qkv", False)
    yield attention
    yield linear("proj", Reads.SPIKES, channels, channels, "proj", True)
    yield linear("fc1", reads, channels, 4 * channels, "fc1", True)
    yield linear("fc2", Reads.SPIKES, 4 * channels, channels, "fc2", True)


def _head(reads: Reads, sizes: Sizes, steps: int = 1) -> Shape:
    return _conv("head", reads, sizes.channels, sizes.classes, 1, 1, steps=steps, bias=True,
                 norm=False)


def _spikformer(sizes: Sizes) -> Iterator[Shape]:
    """Shortcuts add spikes, so that blocks read counts."""
    yield from _stem(sizes)
    yield from _blocks(sizes, Reads.COUNTS)
    yield _head(Reads.NUMBERS, sizes)


def _spikingformer(sizes: Sizes) -> Iterator[Shape]:
    """Shortcuts add currents, so that blocks read spikes; the head reads currents."""
    yield from _stem(sizes)
    yield from _blocks(sizes, Reads.SPIKES)
    yield _head(Reads.NUMBERS, sizes)


def _spike_driven(sizes: Sizes) -> Iterator[Shape]:
    """Attention by masks; the head reads spikes."""
    yield from _stem(sizes)
    for index in range(sizes.depth):
        side = sizes.size // 16
        yield from _block(index, sizes, sizes.channels, side, Reads.SPIKES,
                          _mask(index, sizes, sizes.channels, side, "key", "value"),
                          ("query", "key", "value"))
    yield _head(Reads.SPIKES, sizes, sizes.steps)


def _stem(sizes: Sizes) -> Iterator[Shape]:
    """Four convolutions, each with a pool behind it, and one for positions."""
    widths = [3, *(sizes.channels // share for share in (8, 4, 2, 1, 1))]
    for index, (inputs, outputs) in enumerate(zip(widths, widths[1:], strict=False)):
        yield _conv(f"stem{index}", Reads.SPIKES if index else Reads.NUMBERS, inputs, outputs,
                    sizes.size >> index, steps=sizes.steps, group="stem", index=index - 1)


def _blocks(sizes: Sizes, reads: Reads) -> Iterator[Shape]:
    side = sizes.size // 16
    for index in range(sizes.depth):
        attention = _self_attention(index, sizes, sizes.channels, side)
        yield from _block(index, sizes, sizes.channels, side, reads, attention,
                          ("query", "key", "value"))


def _qkformer(sizes: Sizes) -> Iterator[Shape]:
    """Three stages of one, two and the other blocks; token attention in the first two."""
    channels, side, steps = sizes.channels // 4, sizes.size // 4, sizes.steps
    half = channels // 2
    yield _conv("embed1.conv0", Reads.NUMBERS, 3, half, 4 * side, steps=steps)
    yield _conv("embed1.conv1", Reads.SPIKES, half, channels, 2 * side, steps=steps)
    yield _conv("embed1.conv2", Reads.SPIKES, channels, channels, side, steps=steps)
    yield _conv("embed1.shortcut", Reads.SPIKES, half, channels, side, 1, steps=steps)
    index = 0
    for stage, blocks in enumerate((1, 2, sizes.depth - 3)):
        if stage:
            yield _conv(f"embed{stage + 1}.conv0", Reads.COUNTS, channels, 2 * channels, side,
                        steps=steps)
            side //= 2
            yield _conv(f"embed{stage + 1}.conv1", Reads.SPIKES, 2 * channels, 2 * channels, side,
                        steps=steps)
            yield _conv(f"embed{stage + 1}.shortcut", Reads.COUNTS, channels, 2 * channels, side,
                        1, steps=steps)
            channels *= 2
        for _ in range(blocks):
            tokens = stage < 2
            attention = (_mask(index, sizes, channels, side, "query") if tokens
                         else _self_attention(index, sizes, channels, side))
            yield from _block(index, sizes, channels, side, Reads.COUNTS, attention,
                              ("query", "key") if tokens else ("query", "key", "value"))
            index += 1
    yield _head(Reads.NUMBERS, sizes)


def _max_former(sizes: Sizes) -> Iterator[Shape]:
    """Depthwise convolutions in two stages, attention in the third; spikes everywhere."""
    channels, side, steps = sizes.channels // 4, sizes.size // 4, sizes.steps
    yield _conv("embed1.conv0", Reads.NUMBERS, 3, channels // 2, 4 * side, steps=steps)
    yield _conv("embed1.conv1", Reads.SPIKES, channels // 2, channels, 2 * side, steps=steps)
    yield _conv("embed1.conv2", Reads.SPIKES, channels, channels, side, steps=steps)
    yield _conv("embed1.shortcut", Reads.SPIKES, channels // 2, channels, side, 1, steps=steps)
    index = 0
    for stage, (blocks, kernel) in enumerate(((1, 7), (2, 5), (sizes.depth - 3, 0))):
        if stage:
            name, outputs = f"embed{stage + 1}", 2 * channels
            yield _conv(f"{name}.conv0", Reads.SPIKES, channels, outputs, side, steps=steps)
            yield _conv(f"{name}.shortcut", Reads.SPIKES, channels, outputs, side, 1, steps=steps)
            side //= 2
            yield _conv(f"{name}.conv1", Reads.SPIKES, outputs, outputs, side, steps=steps)
            channels = outputs
        for _ in range(blocks):
            attention = _self_attention(index, sizes, channels, side)
            parts = _block(index, sizes, channels, side, Reads.SPIKES, attention,
                           ("query", "key", "value"))
            if kernel:
                # one channel in: the depthwise convolution takes the place of the attention
                yield _conv(f"block{index}.depthwise", Reads.SPIKES, 1, channels, side, kernel,
                            steps=steps)
                parts = (part for part in parts if part.group in ("fc1", "fc2"))
            yield from parts
            index += 1
    yield _head(Reads.SPIKES, sizes, steps)


FAMILIES: dict[str, Callable[[Sizes], Iterator[Shape]]] = {
    "spikformer": _spikformer, "spikingformer": _spikingformer, "spike-driven": _spike_driven,
    "qkformer": _qkformer, "max-former": _max_former}
"""The layers of each family's networks."""
