"""Post-training quantisation of a float model, and training on from there."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from golden.fit import Epoch, Progress, Recipe, fit
from golden.models import SpikingTransformer
from golden.quantize.model import QuantizedModel
from golden.quantize.scales import current_units, stream_shifts
from golden.quantize.scheme import Scheme
from golden.quantize.synapse import IntegerSynapse, Reader

__all__ = ["finetune", "quantize"]


@torch.no_grad()
def quantize(model: SpikingTransformer, calibration: np.ndarray | Tensor, weight_bits: int = 4, *,
             scheme: Scheme | None = None) -> QuantizedModel:
    """An integer network from a trained float one, without training.

    Batch norms fold into weights, thresholds and biases; scales are chosen by least squared error
    and frozen; then, layer by layer, each bias moves so that the layer's mean current on the
    calibration images is the float model's.

    Parameters
    ----------
    model : SpikingTransformer
    calibration : uint8 ``[N, C, H, W]``
        A few hundred training images.
    weight_bits : int
        2, 3, 4 or 8.
    scheme : Scheme, optional
        Everything else; its ``weight_bits`` counts then.

    Raises
    ------
    TypeError, ValueError
        For another model, other images, or a network whose sums float32 cannot hold.
    """
    if not isinstance(model, SpikingTransformer) or isinstance(model, QuantizedModel):
        raise TypeError(f"quantize takes a SpikingTransformer, not {type(model).__name__}")
    images = torch.as_tensor(calibration)
    shape = (model.config.channels, model.config.height, model.config.width)
    if images.dtype != torch.uint8 or tuple(images.shape[1:]) != shape or not len(images):
        raise ValueError(f"Calibration images must be uint8 [N, {', '.join(map(str, shape))}], "
                         f"not {images.dtype} {list(images.shape)}")
    result = QuantizedModel(model.config, scheme or Scheme(weight_bits=weight_bits)).eval()
    sources = model.synapses()
    for name, layer in result.synapses().items():
        weight, bias = sources[name].folded()
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
        # sums of pixels are fine enough as they are
        _set_scale(layer, result.scheme, 0 if name == "stem0" else result.scheme.fraction_bits)
    result.set_thresholds()
    _correct_biases(model, result, images)
    result.graph()
    return result


def _set_scale(layer: IntegerSynapse, scheme: Scheme, fraction_bits: int) -> None:
    """Choose a layer's unit and shift by who reads it, and freeze them."""
    if layer.reader is Reader.STREAM:
        layer.unit.fill_(2.0 ** scheme.stream_bits)
        layer.shift.copy_(stream_shifts(layer.effective, layer.bits, scheme.stream_bits,
                                        scheme.shifts))
    else:
        layer.unit.copy_(current_units(layer.effective, layer.bits, fraction_bits,
                                       common=layer.reader is Reader.LOGITS))
        layer.shift.fill_(fraction_bits)


def _correct_biases(model: SpikingTransformer, result: QuantizedModel, images: Tensor) -> None:
    training = model.training
    model.eval()
    wanted = _mean_currents(model, images)
    for name, layer in result.synapses().items():
        found = _mean_currents(result, images)[name] / layer.unit
        layer.bias.add_(wanted[name] - found)
    model.train(training)


def _mean_currents(model: SpikingTransformer, images: Tensor) -> dict[str, Tensor]:
    names = model.synapses().keys()
    means: dict[str, Tensor] = {}

    def record(name: str, x: Tensor) -> None:
        if name in names:
            means[name] = x.flatten(0, -2).mean(0)

    model(images, record)
    return means


def finetune(model: QuantizedModel, recipe: Recipe, train: tuple[Tensor, Tensor],
             validation: tuple[Tensor, Tensor], *, progress: Progress | None = None,
             resume: Path | None = None) -> list[Epoch]:
    """Train a quantised model on, in place, on integers as they will be; scales stay frozen.

    Arguments as for :func:`golden.fit.fit`.
    """
    if not isinstance(model, QuantizedModel):
        raise TypeError(f"finetune takes a QuantizedModel, not {type(model).__name__}")
    history = fit(model, recipe, train, validation, progress=progress, resume=resume)
    model.graph()
    return history
