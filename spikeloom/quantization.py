"""From a trained model to the integer graph."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from golden.checkpoints import Notes, load_checkpoint
from golden.data import Dataset
from golden.fit import evaluate
from golden.net import Net
from golden.preset import Preset
from golden.presets import find_preset
from golden.quantize import QuantizedNet
from golden.quantize import quantize as quantize_model
from ir import Graph
from spikeloom.capturing import capture

__all__ = ["CALIBRATION", "calibration_images", "float_accuracy", "quantize"]

CALIBRATION = 512
"""Training images that quantisation looks at where nobody says which."""


def quantize(model: nn.Module | str | Path, calibration: np.ndarray | None = None,
             weight_bits: int | None = None, *, name: str | None = None,
             labels: np.ndarray | None = None, **encoding: Any) -> Graph:
    """The integer graph of a trained model.

    Parameters
    ----------
    model : Net, nn.Module, str or Path
        A float model, one that was trained on integers (it is taken as it is), the path of either
        one's checkpoint, the name of a preset, or a trained SpikingJelly model as it is.
    calibration : uint8 array ``[N, C, H, W]``, or ``[N, T, C, H, W]`` of frames
        A few hundred training images. Needed for a float model.
    weight_bits : int, optional
        2, 3, 4 or 8; default 4, for a preset its own, for a SpikingJelly model 8. A preset's own
        number takes the shipped integer checkpoint, which was trained on integers.
    name : str, optional
        Of the graph.
    labels : int array ``[N]``, optional
        Of a SpikingJelly model's calibration images: the graph's notes then say how many both
        networks get right.
    scale, mean, std, steps
        For a SpikingJelly model, see :func:`spikeloom.capture`, which also gives the network, a
        report on its layers, and training at fewer bits.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
        For an unknown preset, a damaged checkpoint, missing or unfit calibration images, other
        numbers of bits, or a model that is no spiking transformer.
    """
    if encoding and not (isinstance(model, nn.Module) and not isinstance(model, Net)):
        raise TypeError(f"{', '.join(encoding)} is for a model of another library; this one has "
                        "its encoding itself")
    notes: Notes = {}
    if isinstance(model, str) and not Path(model).is_file():
        preset = find_preset(model)
        model, notes, name = *_checkpoint(preset, weight_bits), name or preset.name
    elif isinstance(model, str | Path):
        name = name or Path(model).stem
        model, notes = load_checkpoint(model)
    if isinstance(model, QuantizedNet):
        bits = model.scheme.weight_bits
        if weight_bits not in (None, bits):
            raise ValueError(f"This model was trained on weights of {bits} bits; quantise the "
                             f"float model it came from to {weight_bits} bits instead")
        return model.graph(name or "network", dict(notes))
    if not isinstance(model, nn.Module):
        raise TypeError("quantize takes a Net, a SpikingJelly model, a preset's name or a "
                        f"checkpoint, not {type(model).__name__}")
    if calibration is None:
        raise ValueError("Quantising a float model needs calibration images: a few hundred "
                         "training images, uint8 [N, C, H, W]")
    if not isinstance(model, Net):
        return _foreign(model, calibration, weight_bits or 8, name or type(model).__name__.lower(),
                        labels, encoding)
    quantized = quantize_model(model, calibration, weight_bits or 4)
    kept = {key: notes[key] for key in ("preset", "dataset", "seed") if key in notes}
    return quantized.graph(name or "network", kept)


def _foreign(model: nn.Module, calibration: np.ndarray, weight_bits: int, name: str,
             labels: np.ndarray | None, encoding: dict[str, Any]) -> Graph:
    quantized = capture(model, calibration, **encoding).quantize(weight_bits)
    notes: Notes = {}
    if labels is not None:
        notes["accuracy_float"], notes["accuracy_integer"] = quantized.accuracies(calibration,
                                                                                  labels)
    return quantized.graph(name, notes)


def _checkpoint(preset: Preset, weight_bits: int | None) -> tuple[Net, Notes]:
    own = weight_bits in (None, preset.scheme.weight_bits)
    return load_checkpoint(preset.quantized_checkpoint if own else preset.float_checkpoint)


def float_accuracy(checkpoint: Path, images: np.ndarray, labels: np.ndarray) -> float | None:
    """Accuracy of a checkpoint's model on uint8 ``[N, C, H, W]``; None if it is no float model."""
    model, _ = load_checkpoint(checkpoint)
    if isinstance(model, QuantizedNet):
        return None
    return evaluate(model, torch.from_numpy(images), torch.from_numpy(labels))


def calibration_images(dataset: Dataset) -> np.ndarray:
    """The training images that a data set offers for quantisation."""
    return dataset.train_images[:CALIBRATION]
