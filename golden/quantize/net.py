"""A network on integers: trains like the float one, computes like the graph."""

from copy import deepcopy

import torch
from torch import Tensor

from golden.exact import check_exact, exact_arithmetic
from golden.layers import Layer, LevelLif, Lif, ParallelNeuron, Weights
from golden.net import Net, Recorder
from golden.quantize.export import export, wide_layers
from golden.quantize.neurons import (
    IntegerLevelLif,
    IntegerLif,
    IntegerNeuron,
    IntegerParallelNeuron,
)
from golden.quantize.plan import Reader, make_plan
from golden.quantize.scheme import Scheme
from golden.quantize.weights import Centre, IntegerWeights
from ir import IMAGE, Graph

__all__ = ["CENTRE", "QuantizedNet"]

CENTRE = "centre"
"""Name of the layer that makes zero of the pixels that mean it, where there is need for one."""


class QuantizedNet(Net):
    """A fake-quantised network: every tensor in its forward path is an integer, exact in floats.

    ``model(images)`` takes uint8 images and returns logits ``[N, classes]`` in the float model's
    units; ``model(images, record)`` also shows every tensor, in the graph's integers. Gradients
    pass through roundings, so it trains on.

    Parameters
    ----------
    net : Net
        The float network, whose shape and neurons count.
    scheme : Scheme

    Weights and units are zero and one at first: :func:`golden.quantize.quantize` or a checkpoint
    fills them.

    What means zero in an image, ``mean / scale``, may be no whole pixel; then the padding of the
    first weights is the nearest whole one, in the circuit as here. Inside the border nothing is
    rounded. Where it is not one pixel for all channels, a layer ``centre`` subtracts it first.
    Other layers than weights that read such an image see its zero at the nearest whole pixel.

    Members
    -------
    plan : Plan
    wide : Tensor ``[layers]`` of bool
        Which layers need float64 to be exact, and for some training to come.

    Raises RuntimeError where this machine's torch does not compute exactly, and ValueError for a
    network that has no integers: spikes added to currents.
    """

    wide: Tensor

    def __init__(self, net: Net, scheme: Scheme):
        super().__init__(net.image, net.encoding, net.architecture, net.arguments)
        check_exact()
        net.check()
        self.scheme, self.plan = scheme, make_plan(net)
        zeros = self._zeros()
        centred = self._centred(net, zeros)
        if centred:
            self.layers[CENTRE], self.inputs[CENTRE] = Centre(zeros.round()), (IMAGE,)
            self.shapes[CENTRE] = self.shapes[IMAGE]
        for name, layer in net.named_layers():
            self.inputs[name] = tuple(CENTRE if centred and each == IMAGE else each
                                      for each in net.inputs[name])
            self.layers[name] = self._integer(name, layer, IMAGE in net.inputs[name])
            self.shapes[name] = net.shapes[name]
            if isinstance(layer, Weights) and IMAGE in net.inputs[name]:
                first = self.layer(name)
                assert isinstance(first, IntegerWeights)
                first.place_zero(zeros - zeros.round() if centred else zeros,
                                 0 if centred else self._padding(first, zeros))
        self.activity: dict[str, float] = {}
        self.register_buffer("wide", torch.zeros(len(self.layers), dtype=torch.bool))
        self.register_load_state_dict_post_hook(lambda model, _: model.bind())
        self.bind()

    def _zeros(self) -> Tensor:
        zeros = torch.tensor(self.encoding.mean, dtype=torch.float64) / float(self.encoding.scale)
        zeros = zeros.expand(self.image.channels)
        # 0.5 / (1/255) and the like, where floats miss a whole number
        return torch.where((zeros - zeros.round()).abs() < 1e-6, zeros.round(), zeros)

    def _centred(self, net: Net, zeros: Tensor) -> bool:
        readers = [net.layer(name) for name in net.readers(IMAGE)]
        if not bool(zeros.any()) or all(isinstance(layer, Weights) and not layer.padding
                                        for layer in readers):
            return False
        padding = zeros.round()
        high = self.image.interval.high
        return bool((padding != padding[0]).any()) or not 0 <= float(padding[0]) <= high or any(
            not isinstance(layer, Weights) or layer.weight.ndim == 3 for layer in readers)

    @staticmethod
    def _padding(first: IntegerWeights, zeros: Tensor) -> int:
        return int(zeros[0].round()) if first.padding else 0

    def _integer(self, name: str, layer: Layer, first: bool) -> Layer:
        """The layer on integers."""
        if isinstance(layer, Weights):
            reader = self.plan.readers[name]
            bits = self.scheme.bits(name, first=first, head=reader is Reader.LOGITS)
            result = IntegerWeights(layer, bits=bits, reader=reader,
                                    fan_in=self.scheme.fan_in.get(name))
            result.output_unit.fill_(self.plan.ratios.get(name, 1.0))
            return result
        if isinstance(layer, Lif):
            return IntegerLif(layer)
        if isinstance(layer, LevelLif):
            return IntegerLevelLif(layer)
        if isinstance(layer, ParallelNeuron):
            return IntegerParallelNeuron(layer)
        result = deepcopy(layer)
        result.integers = True
        return result

    def image_unit(self) -> Tensor:
        """What 1.0 of the encoded image is in pixels, ``[C]``."""
        std = torch.tensor(self.encoding.std, dtype=torch.float64)
        return (std / float(self.encoding.scale)).expand(self.image.channels)

    def bind(self) -> None:
        """Give every layer the units of what it reads, from those of the weights on."""
        self.wide_layers = {name for name, wide in zip(self.layers, self.wide, strict=True)
                            if wide}
        units, counted = {IMAGE: self.image_unit()}, {IMAGE: False}
        for name, layer in self.named_layers():
            inputs = self.inputs[name]
            read, shape = [units[each] for each in inputs], self.shapes[inputs[0]]
            if isinstance(layer, IntegerWeights):
                layer.bind(read[0])
            if isinstance(layer, IntegerNeuron):
                layer.bind(read[0], counts=counted[inputs[0]], steps=shape[0])
            try:
                units[name] = layer.unit(shape, *read)
            except ValueError as error:
                raise ValueError(f"Layer {name!r}: {error}") from error
            counted[name] = isinstance(layer, IntegerNeuron) or (
                not isinstance(layer, IntegerWeights) and all(counted[each] for each in inputs))
        self.units, self.counted = units, counted

    def encode(self, images: Tensor) -> Tensor:
        return self.frames(images)

    def compute(self, name: str, inputs: list[Tensor]) -> Tensor:
        if name in self.wide_layers:
            inputs = [x.to(torch.float64) for x in inputs]
        return super().compute(name, inputs)

    def rescale(self, logits: Tensor) -> Tensor:
        unit = self.units[next(reversed(self.shapes))]
        return (logits / unit.to(logits.dtype)).to(torch.float32)

    def forward(self, images: Tensor, record: Recorder | None = None) -> Tensor:
        with exact_arithmetic():
            return super().forward(images, record)

    def measure(self, images: Tensor) -> None:
        """Keep the activity of every tensor on calibration images, for the graph to carry."""
        def record(name: str, x: Tensor) -> None:
            self.activity[name] = round(float((x != 0).double().mean()), 4)

        with torch.no_grad():
            record(IMAGE, images)
            self(images, record)

    def widen(self) -> None:
        """Compute in float64 from now on wherever float32 might not be exact."""
        needed = wide_layers(self)
        self.wide.copy_(torch.tensor([name in needed for name in self.layers]))
        self.bind()

    def graph(self, name: str = "network", notes: dict[str, str | int | float] | None = None
              ) -> Graph:
        """The integer network that computes exactly this.

        Raises ValueError when a value could reach 2**53, beyond which no float is exact.
        """
        return export(self, name, notes or {})
