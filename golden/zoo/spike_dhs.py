"""A net of SpikeDHS's cells: small graphs of neurons whose currents are sums of two branches."""

from collections.abc import Sequence

from golden.layers import Lif, MaxPool, Upsample
from golden.net import Net
from golden.zoo.builder import Builder
from ir import IMAGE

__all__ = ["spike_dhs"]

KEPT = 0.2
"""Share of the potential that a neuron keeps."""


def spike_dhs(*, channels: int, height: int, width: int, classes: int, steps: int,
              stem: int, cells: Sequence[Sequence[int]], edges: Sequence[Sequence[int]],
              stride: int = 1, events: int = 0, seed: int = 0) -> Net:
    """SpikeDHS (Che et al., NeurIPS 2022): cells found by search, here given.

    Neurons keep 1/5 of their potential, add the current whole, spike strictly above 1/2 and are
    set to zero. A cell reads what the last two cells wrote.

    Parameters
    ----------
    channels, height, width, classes, steps, events, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    stem : int
        Width of the first convolution.
    cells : sequence of two int each
        Width of a cell, and its level: the map is halved so many times after the stem. From cell
        to cell the level changes by one at most.
    edges : sequence of two int each
        For each node of a cell the two tensors that it reads: 0 and 1 are the cell's inputs, 2 its
        first node. The last two nodes are the cell's output, side by side.
    stride : int
        Of the first convolution.
    """
    build = Builder("spike_dhs", locals(), neuron=lambda: Lif(0.5, keep=KEPT, strict=True))
    x = build.fire("stem", IMAGE, stem, 3, stride)
    last = [(x, 0), (x, 0)]
    for i, (outputs, level) in enumerate(cells):
        inputs = [_resized(build, f"cell{i}_{side}", tensor, level - above)
                  for side, (tensor, above) in zip("ab", last, strict=True)]
        last = [last[1], (_cell(build, f"cell{i}", inputs, outputs, edges), level)]
    return build.logits(last[1][0], classes)


def _resized(build: Builder, name: str, x: str, down: int) -> str:
    """The nearest neighbours on a map of another level."""
    if down > 0:
        return build.add(f"{name}_down", MaxPool(1, 2**down), x)
    return build.add(f"{name}_up", Upsample(2**-down), x) if down < 0 else x


def _cell(build: Builder, name: str, inputs: Sequence[str], outputs: int,
          edges: Sequence[Sequence[int]]) -> str:
    tensors = [build.fire(f"{name}_{side}", x, outputs)
               for side, x in zip("ab", inputs, strict=True)]
    for i, (first, second) in enumerate(edges):
        node = f"{name}_node{i}"
        x = build.sum(node, build.conv(f"{node}_a", tensors[first], outputs, 3),
                      build.conv(f"{node}_b", tensors[second], outputs, 3))
        tensors.append(build.spikes(f"{node}_lif", x))
    return build.concat(f"{name}_out", *tensors[-2:])
