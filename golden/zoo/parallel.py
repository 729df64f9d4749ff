"""Nets of parallel spiking neurons, which see all time steps at once."""

from collections.abc import Sequence

from golden.layers import ParallelNeuron, SumPool
from golden.net import Net
from golden.zoo.builder import Builder
from golden.zoo.spikingformer import membrane_mlp, self_attention_block
from ir import IMAGE

__all__ = ["parallel_net", "parallel_transformer"]


def parallel_net(*, channels: int, height: int, width: int, classes: int, steps: int,
                 widths: Sequence[int], pools: str, map_size: int, hidden: int, stride: int = 1,
                 order: int | None = None, sliding: bool = False, events: int = 0,
                 seed: int = 0) -> Net:
    """A convolutional net of parallel spiking neurons (Fang et al., NeurIPS 2023, 2304.12760).

    Convolutions and average pooling, then a fully connected layer over the whole map.

    Parameters
    ----------
    channels, height, width, classes, steps, events, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    widths : sequence of int
        Of the 3x3 convolutions.
    pools : str of 0 and 1
        Behind which of them the map is halved by averages.
    map_size : int
        Rows and columns that are left then, which the fully connected layer reads.
    hidden : int
        Of the fully connected layer.
    stride : int
        Of the first convolution.
    order : int, optional
        How many time steps a neuron looks back (masked form); all, in both directions, without.
    sliding : bool
        Whether all time steps share their weights.
    """
    build = Builder("parallel_net", locals(),
                    neuron=lambda: ParallelNeuron(steps, order=order, sliding=sliding))
    x = IMAGE
    for i, outputs in enumerate(widths):
        x = build.fire(f"conv{i}", x, outputs, 3, 1 if i else stride)
        if pools[i] == "1":
            x = build.add(f"conv{i}_pool", SumPool(2, 2), x)
    x = build.fire("fc", x, hidden, map_size, padding=0)
    return build.classify(x, classes)


def parallel_transformer(*, channels: int, height: int, width: int, classes: int, steps: int,
                         widths: Sequence[int], heads: int, blocks: int, hidden: int,
                         order: int | None = None, sliding: bool = False, events: int = 0,
                         seed: int = 0) -> Net:
    """Spikingformer's blocks behind a stem of strided convolutions, all of parallel neurons.

    Parameters as for :func:`parallel_net` and :func:`golden.zoo.spikingformer.spikingformer`;
    each of ``widths`` is a 3x3 convolution that halves the map.
    """
    build = Builder("parallel_transformer", locals(),
                    neuron=lambda: ParallelNeuron(steps, order=order, sliding=sliding))
    x = IMAGE
    for i, outputs in enumerate(widths):
        if i:
            x = build.spikes(f"stem{i - 1}_lif", x)
        x = build.conv(f"stem{i}", x, outputs, 3, 2)
    for i in range(blocks):
        x = self_attention_block(build, f"block{i}", x, heads, build.neuron())
        x = membrane_mlp(build, f"block{i}", x, hidden)
    return build.logits(x, classes, build.neuron())
