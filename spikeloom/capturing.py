"""Models that others trained, as they are: captured, quantised, described, trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor, nn

from golden.capture import capture as capture_net
from golden.fit import Epoch, Progress, Recipe, evaluate
from golden.net import Net
from golden.quantize import QuantizedNet, Scheme
from golden.quantize import finetune as train_on
from golden.quantize import quantize as quantize_net
from golden.quantize.describe import LayerReport, describe
from ir import Graph

__all__ = ["Captured", "Quantized", "capture"]

HELD_OUT = 10
"""One in so many images checks what fine-tuning learned from the others."""


@dataclass(frozen=True, eq=False)
class Captured:
    """A foreign model as a network of layers, in floats.

    Parameters
    ----------
    net : Net
        Computes what the model computes; see :func:`golden.capture.capture`.
    calibration : uint8 array ``[N, C, H, W]``, or ``[N, T, C, H, W]`` of event frames
        Training images that quantisation looks at.
    """

    net: Net
    calibration: np.ndarray

    def quantize(self, weight_bits: int = 8, *,
                 layer_bits: Mapping[str, int] | None = None) -> "Quantized":
        """The network on integers, without training.

        ``weight_bits``, and those of single layers in ``layer_bits``, are 2, 3, 4 or 8. Raises
        ValueError for other bits, or a network that has no integers; says which layer, and why.
        """
        scheme = Scheme(weight_bits=weight_bits, layer_bits=layer_bits or {})
        return Quantized(self.net, quantize_net(self.net, self.calibration, scheme=scheme),
                         self.calibration)


@dataclass(frozen=True, eq=False)
class Quantized:
    """A captured network on integers, beside itself in floats.

    Parameters
    ----------
    net : Net
    model : QuantizedNet
    calibration : uint8 array
    """

    net: Net
    model: QuantizedNet
    calibration: np.ndarray

    def graph(self, name: str = "network",
              notes: Mapping[str, str | int | float] | None = None) -> Graph:
        """The integer graph as it is now, for :func:`spikeloom.generate`."""
        return self.model.graph(name, dict(notes or {}))

    def layers(self, images: np.ndarray | None = None) -> list[LayerReport]:
        """What quantisation did to each layer, on the calibration images or others: bits of its
        weights, range, spike rate, and how many of its spikes are the float model's."""
        return describe(self.net, self.model, self.calibration if images is None else images)

    def accuracies(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Of the float model and of the integers, on labelled images."""
        x, wanted = _tensors(images, labels)
        return evaluate(self.net, x, wanted), evaluate(self.model, x, wanted)

    def finetune(self, images: np.ndarray, labels: np.ndarray, *, epochs: int = 8,
                 learning_rate: float = 2e-3, batch: int = 128, seed: int = 0,
                 progress: Progress | None = None) -> list[Epoch]:
        """Train on, in place, on integers as they will be; scales stay frozen.

        One image in ten is held out to measure what was learned. Raises ValueError for fewer than
        20 images, or as many labels as there are no images.
        """
        if len(images) != len(labels) or len(images) < 2 * HELD_OUT:
            raise ValueError(f"Fine-tuning takes at least {2 * HELD_OUT} images, each with its "
                             f"label, not {len(images)} images and {len(labels)} labels")
        x, wanted = _tensors(images, labels)
        held = torch.arange(len(x)) % HELD_OUT == 0
        recipe = Recipe(epochs=epochs, batch=batch, learning_rate=learning_rate, weight_decay=0.0,
                        seed=seed)
        return train_on(self.model, recipe, (x[~held], wanted[~held]), (x[held], wanted[held]),
                        progress=progress)


def capture(model: nn.Module, calibration: np.ndarray, *, steps: int | None = None,
            scale: float | Fraction = Fraction(1, 255), mean: float | Sequence[float] = 0.0,
            std: float | Sequence[float] = 1.0) -> Captured:
    """A trained SpikingJelly model as it is, ready to be quantised.

    ::

        captured = spikeloom.capture(model, images, mean=0.5, std=0.5)
        quantized = captured.quantize(weight_bits=4)
        quantized.finetune(images, labels)
        graph = quantized.graph("mine")

    Parameters
    ----------
    model : nn.Module
        SpikingJelly's own Spikformer, SpikeDrivenTransformer, QKFormer, MaxFormer or SpikeDHS, or
        a network of its neurons and torch's layers. It is left as it was.
    calibration : uint8 array ``[N, C, H, W]``, or ``[N, T, C, H, W]`` of event frames
        A few hundred training images.
    steps : int, optional
        Time steps, for a model that does not make its own.
    scale, mean, std
        What the model was trained on: ``(pixel * scale - mean) / std``, by default the pixels of
        ToTensor, from 0 to 1. One number, or one per channel.

    Raises
    ------
    CaptureError
        A ValueError, for what no circuit computes; names the module and says why.
    TypeError, ValueError
        For something else than a module, or images of another kind.
    """
    net = capture_net(model, calibration, steps=steps, scale=scale, mean=mean, std=std)
    return Captured(net, calibration)


def _tensors(images: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
    return torch.as_tensor(images), torch.as_tensor(np.asarray(labels), dtype=torch.int64)
