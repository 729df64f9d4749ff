"""The spiking transformer on integers: trains like the float model, computes like the graph."""

import torch
from torch import Tensor

from golden.models import ModelConfig, Recorder, SpikingTransformer
from golden.quantize.exact import check_exact, exact_arithmetic
from golden.quantize.export import export
from golden.quantize.scheme import Scheme
from golden.quantize.synapse import IntegerSynapse, Reader
from ir import Graph

__all__ = ["QuantizedModel"]

STREAM_WRITERS = ("rpe", "proj", "fc2")
"""Layers, beside the stem's last, that add to the residual stream."""


class QuantizedModel(SpikingTransformer):
    """A fake-quantised network: every tensor in its forward path is an integer, exact in float32.

    ``model(images)`` takes uint8 ``[N, C, H, W]`` and returns logits ``[N, classes]`` in the
    float model's units; ``model(images, record)`` also shows every tensor, in the graph's
    integers. Gradients pass through roundings, so it trains on.

    Parameters
    ----------
    config : ModelConfig
    scheme : Scheme

    Weights and units are zero and one at first: :func:`golden.quantize.quantize` or a checkpoint
    fills them. Raises RuntimeError where this machine's torch does not compute exactly.
    """

    def __init__(self, config: ModelConfig, scheme: Scheme):
        super().__init__(config)
        check_exact()
        self.scheme = scheme
        last = f"stem{len(config.stem)}"
        for name, layer in super().synapses().items():
            outputs, inputs = layer.weight.shape[:2]
            reader = (Reader.LOGITS if name == "head"
                      else Reader.STREAM if name == last or name.endswith(STREAM_WRITERS)
                      else Reader.NEURONS)
            integer = IntegerSynapse(inputs, outputs, kernel=layer.kernel, stride=layer.stride,
                                     bits=scheme.weight_bits, reader=reader)
            self.set_submodule(self._path(layer), integer)
        first, head = self.synapses()["stem0"], self.synapses()["head"]
        first.bits = scheme.first_bits or scheme.weight_bits
        first.zero = config.zero_pixel
        first.gain.copy_(float(config.encoding.scale) / torch.tensor(config.encoding.std))
        head.bits = scheme.head_bits or scheme.weight_bits
        head.gain.fill_(1 / config.steps)
        self.register_load_state_dict_post_hook(lambda model, _: model.set_thresholds())
        self.set_thresholds()

    def _path(self, layer: torch.nn.Module) -> str:
        return next(path for path, module in self.named_modules() if module is layer)

    def synapses(self) -> dict[str, IntegerSynapse]:
        return {name: part for name, part in self.parts().items()
                if isinstance(part, IntegerSynapse)}

    def set_thresholds(self) -> None:
        """Give every neuron the threshold that the unit of its current implies."""
        stream = torch.tensor([2.0 ** self.scheme.stream_bits])
        synapses = self.synapses()
        for name, neurons in self.neurons().items():
            writer = synapses.get(name.removesuffix("_lif"))
            if name.endswith("attn_lif"):
                # threshold 0.5 at scale 1/8
                neurons.set(torch.tensor([4.0]), torch.tensor([8.0]))
            elif name == "head_lif":
                neurons.set(stream * self.config.tokens, stream * self.config.tokens)
            elif writer is not None and writer.reader is Reader.NEURONS:
                neurons.set(writer.unit, writer.unit)
            else:
                neurons.set(stream, stream)

    def encode(self, images: Tensor) -> Tensor:
        return images.permute(0, 2, 3, 1).to(torch.float32).unsqueeze(0)

    def read_out(self, count: Tensor) -> Tensor:
        return self.head(count)

    def rescale(self, logits: Tensor) -> Tensor:
        return logits / self.synapses()["head"].unit

    def forward(self, images: Tensor, record: Recorder | None = None) -> Tensor:
        with exact_arithmetic():
            return super().forward(images, record)

    def graph(self, name: str = "network", notes: dict[str, str | int | float] | None = None
              ) -> Graph:
        """The integer network that computes exactly this.

        Raises ValueError when a value could reach 2**24, beyond which float32 is not exact.
        """
        return export(self, name, notes or {})
