"""Spiking nets without attention: VGG of IIR-SNN, MS-ResNet and SEW-ResNet."""

from collections.abc import Sequence

from golden.layers import Lif, SumPool
from golden.net import Net
from golden.zoo.builder import BRANCH_GAIN, Builder
from ir import IMAGE
from ir.ops import Reset

__all__ = ["ms_resnet", "sew_resnet", "vgg"]

AVERAGE = "A"
"""What stands for average pooling in a list of a VGG's layers."""


def vgg(*, channels: int, height: int, width: int, classes: int, layers: Sequence[int | str],
        map_size: int, hidden: int, stride: int = 1, leak: float = 0.9, threshold: float = 1.0,
        steps: int = 1, seed: int = 0) -> Net:
    """VGG of IIR-SNN (Chowdhury et al., 2021, arXiv 2110.05929), published for one time step.

    Neurons keep ``leak`` of their potential, spike strictly above their threshold and lose it then;
    average pooling stands between convolutions. At one time step leak and reset have no effect.

    Parameters
    ----------
    channels, height, width, classes, steps, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    layers : sequence of int or "A"
        Width of a 3x3 convolution, or 2x2 average pooling.
    map_size, hidden : int
        Rows and columns that are left, and width of the fully connected layer that reads them.
    stride : int
        Of the first convolution.
    leak, threshold : float
    """
    build = Builder("vgg", locals(), neuron=lambda: Lif(
        threshold, keep=leak, reset=Reset.BY_THRESHOLD, strict=True))
    x = IMAGE
    for i, layer in enumerate(layers):
        if layer == AVERAGE:
            x = build.add(f"pool{i}", SumPool(2, 2), x)
        else:
            x = build.fire(f"conv{i}", x, int(layer), 3, 1 if i else stride)
    return build.classify(build.fire("fc", x, hidden, map_size, padding=0), classes)


def ms_resnet(*, channels: int, height: int, width: int, classes: int, steps: int,
              widths: Sequence[int], depths: Sequence[int], stride: int = 1, strict: bool = True,
              events: int = 0, seed: int = 0) -> Net:
    """MS-ResNet (Hu et al., 2021, arXiv 2112.08954), neurons as in GAC (Qiu et al., AAAI 2024).

    Membrane shortcuts; neurons halve their potential, add the current whole and spike strictly
    above 1.

    Parameters
    ----------
    channels, height, width, classes, steps, events, seed
        As for :func:`golden.zoo.spikformer.spikformer`.
    widths, depths : sequence of int
        Of each stage; all but the first begin by halving the map.
    stride : int
        Of the first convolution.
    strict : bool
    """
    build = Builder("ms_resnet", locals(), neuron=lambda: Lif(decay_input=False, strict=strict))
    x = build.conv("stem", IMAGE, widths[0], 3, stride)
    for stage, (outputs, depth) in enumerate(zip(widths, depths, strict=True)):
        for i in range(depth):
            name, step = f"stage{stage}_block{i}", 2 if stage and not i else 1
            y = spikes = build.spikes(f"{name}_lif", x)
            y = build.fire(f"{name}_conv0", y, outputs, 3, step)
            y = build.conv(f"{name}_conv1", y, outputs, 3, gain=BRANCH_GAIN)
            if step > 1:
                x = build.conv(f"{name}_res", spikes, outputs, 1, step)
            x = build.sum(f"{name}_add", x, y)
    return build.logits(build.spikes("last_lif", x), classes)


def sew_resnet(*, channels: int, height: int, width: int, classes: int, steps: int,
               widths: Sequence[int], depths: Sequence[int], stride: int = 1, events: int = 0,
               seed: int = 0) -> Net:
    """SEW-ResNet (Fang et al., NeurIPS 2021, arXiv 2102.04159) that adds spikes.

    Parameters as for :func:`ms_resnet`.
    """
    build = Builder("sew_resnet", locals())
    x = build.fire("stem", IMAGE, widths[0], 3, stride)
    for stage, (outputs, depth) in enumerate(zip(widths, depths, strict=True)):
        for i in range(depth):
            name, step = f"stage{stage}_block{i}", 2 if stage and not i else 1
            y = build.fire(f"{name}_conv0", x, outputs, 3, step)
            y = build.fire(f"{name}_conv1", y, outputs, 3)
            if step > 1:
                x = build.fire(f"{name}_res", x, outputs, 1, step)
            x = build.sum(f"{name}_add", x, y)
    return build.logits(x, classes)
