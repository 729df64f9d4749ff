"""Post-training quantisation of a float network, and training on from there."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from golden.exact import exact_arithmetic
from golden.fit import Epoch, Progress, Recipe, fit
from golden.layers import Weights
from golden.net import Net
from golden.quantize.net import QuantizedNet
from golden.quantize.neurons import IntegerNeuron
from golden.quantize.plan import Reader
from golden.quantize.scales import (
    LARGEST_UNIT,
    current_units,
    stream_resolution,
    stream_shifts,
)
from golden.quantize.scheme import Scheme
from golden.quantize.weights import IntegerWeights
from ir import IMAGE

__all__ = ["ACTIVITY", "finetune", "quantize"]

FINE = 16
"""Inputs whose 1.0 is so much or more are fine enough without fraction bits."""

PIXELS = 256
"""What 1.0 usually is in pixels."""

ACTIVITY = 64
"""Calibration images, at most, that activity is measured on."""


@torch.no_grad()
def quantize(net: Net, calibration: np.ndarray | Tensor, weight_bits: int = 4, *,
             scheme: Scheme | None = None) -> QuantizedNet:
    """An integer network from a trained float one, without training.

    Batch norms fold into weights, thresholds and biases; scales are chosen by least squared error
    and frozen; then, layer by layer, each bias moves so that the layer's mean current on the
    calibration images is the float model's.

    Parameters
    ----------
    net : Net
    calibration : uint8 ``[N, C, H, W]`` or ``[N, T, C, H, W]``
        A few hundred training images.
    weight_bits : int
        2, 3, 4 or 8.
    scheme : Scheme, optional
        Everything else; its ``weight_bits`` counts then.

    Raises
    ------
    TypeError, ValueError
        For another model, other images, or a network whose sums floats cannot hold.
    """
    if not isinstance(net, Net) or isinstance(net, QuantizedNet):
        raise TypeError(f"quantize takes a Net, not {type(net).__name__}")
    images = torch.as_tensor(calibration)
    shape = net.image.shape if net.image.steps > 1 else net.image.shape[1:]
    if images.dtype != torch.uint8 or tuple(images.shape[1:]) != shape or not len(images):
        raise ValueError(f"Calibration images must be uint8 [N, {', '.join(map(str, shape))}], "
                         f"not {images.dtype} {list(images.shape)}")
    result = QuantizedNet(net, scheme or Scheme(weight_bits=weight_bits)).eval()
    for name, layer in result.named_layers():
        if isinstance(layer, IntegerWeights):
            source = net.layer(name)
            assert isinstance(source, Weights)
            weight, bias = source.folded()
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    _Chooser(result).choose_all()
    result.bind()
    result.widen()
    _correct_biases(net, result, images)
    result.measure(images[:ACTIVITY])
    result.graph()
    return result


class _Chooser:
    """Chooses the unit and shifts of every layer of weights, each after those that it reads."""

    def __init__(self, model: QuantizedNet):
        self.model = model
        self.streams = {name: stream for stream in model.plan.streams for name in stream}
        self.units: dict[str, Tensor] = {IMAGE: model.image_unit()}
        self.open: set[str] = set()

    def choose_all(self) -> None:
        for name in self.model.layers:
            self.unit(name)

    def unit(self, name: str) -> Tensor:
        """The unit of a tensor; weights on the way to it are chosen first."""
        if name not in self.units:
            layer, inputs = self.model.layer(name), self.model.inputs[name]
            if isinstance(layer, IntegerWeights):
                self.choose(name, layer)
            known = () if isinstance(layer, IntegerNeuron | IntegerWeights) else inputs
            self.units[name] = layer.unit(self.model.shapes[inputs[0]],
                                          *(self.unit(each) for each in known))
        return self.units[name]

    def choose(self, name: str, layer: IntegerWeights) -> None:
        if name in self.open:
            raise ValueError(f"Layer {name!r} adds to the stream that it reads, with no neurons "
                             "between: sums would have to grow finer than they are")
        scheme, stream = self.model.scheme, self.streams.get(name, (name,))
        self.open.update(stream)
        for each in stream:
            member = self.model.layer(each)
            assert isinstance(member, IntegerWeights)
            member.bind(self.unit(self.model.inputs[each][0]))
        self.open.difference_update(stream)
        if layer.reader is Reader.STREAM:
            self._align(stream)
            return
        incoming = float(self.unit(self.model.inputs[name][0]).max())
        fine = incoming >= FINE or layer.reader is Reader.WEIGHTS
        shift = 0 if fine else scheme.fraction_bits
        layer.output_unit.copy_(current_units(
            layer.kept(layer.effective), layer.bits, shift,
            common=layer.reader is not Reader.NEURONS,
            largest=LARGEST_UNIT * max(1.0, incoming / PIXELS)))
        layer.shift.fill_(shift)

    def _align(self, stream: tuple[str, ...]) -> None:
        """One resolution for all writers of a stream, the finest that one of them needs."""
        scheme, plan = self.model.scheme, self.model.plan
        layers = {name: self.model.layer(name) for name in stream}
        resolution = scheme.stream_bits
        for name, layer in layers.items():
            assert isinstance(layer, IntegerWeights)
            # spikes are weighed well at the scheme's own resolution
            if float(self.unit(self.model.inputs[name][0]).max()) > 1:
                resolution = max(resolution, stream_resolution(
                    layer.kept(layer.effective) / plan.ratios[name], layer.bits))
        for name, layer in layers.items():
            assert isinstance(layer, IntegerWeights)
            unit = 2.0 ** resolution * plan.ratios[name]
            layer.output_unit.fill_(unit)
            layer.shift.copy_(stream_shifts(layer.kept(layer.effective), layer.bits, unit,
                                            scheme.shifts))


def _correct_biases(net: Net, result: QuantizedNet, images: Tensor) -> None:
    """Move each bias, in the data's order, so that the layer's mean is the float network's."""
    training = net.training
    wanted: dict[str, Tensor] = {}

    def record(name: str, x: Tensor) -> None:
        if isinstance(net.layer(name), Weights):
            wanted[name] = x.flatten(0, -2).mean(0)

    net.eval()
    net(images, record)
    net.train(training)
    last_use = {name: reader for reader, inputs in result.inputs.items() for name in inputs}
    alive = {IMAGE: result.encode(images)}
    with exact_arithmetic():
        for name, layer in result.named_layers():
            inputs = [alive[each] for each in result.inputs[name]]
            alive[name] = result.compute(name, inputs)
            if isinstance(layer, IntegerWeights):
                found = alive[name].flatten(0, -2).mean(0) / layer.output_unit
                layer.bias.add_(wanted[name] - found)
                alive[name] = result.compute(name, inputs)
            for each in set(result.inputs[name]):
                if last_use[each] == name:
                    del alive[each]


def finetune(model: QuantizedNet, recipe: Recipe, train: tuple[Tensor, Tensor],
             validation: tuple[Tensor, Tensor], *, progress: Progress | None = None,
             resume: Path | None = None) -> list[Epoch]:
    """Train a quantised network on, in place, on integers as they will be; scales stay frozen.

    Arguments as for :func:`golden.fit.fit`.
    """
    if not isinstance(model, QuantizedNet):
        raise TypeError(f"finetune takes a QuantizedNet, not {type(model).__name__}")
    history = fit(model, recipe, train, validation, progress=progress, resume=resume)
    model.graph()
    return history
