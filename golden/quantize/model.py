"""The spiking transformer on integers: trains like the float model, computes like the graph."""

import torch
from torch import Tensor

from golden.models import ModelConfig, Recorder, SpikingTransformer
from golden.models.neurons import Lif
from golden.quantize.exact import check_exact, exact_arithmetic
from golden.quantize.export import export
from golden.quantize.scheme import Scheme
from golden.quantize.synapse import IntegerSynapse
from ir import Graph

__all__ = ["QuantizedModel"]


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
        self.stem[0] = self._integer(self.stem[0], scheme.first_bits, self._pixel_gain(),
                                     config.zero_pixel)
        for i in range(1, len(self.stem)):
            self.stem[i] = self._integer(self.stem[i])
        if self.rpe is not None:
            self.rpe = self._integer(self.rpe)
        for block in self.blocks:
            for name in ("qkv", "proj", "fc1", "fc2"):
                setattr(block, name, self._integer(getattr(block, name)))
        self.head = self._integer(self.head, scheme.head_bits, torch.tensor(1 / config.steps))
        self._make_neurons()

    def _integer(self, layer, bits: int | None = None, gain: Tensor | None = None,
                 zero: int = 0) -> IntegerSynapse:
        outputs, inputs = layer.weight.shape[:2]
        return IntegerSynapse(inputs, outputs, kernel=layer.kernel, stride=layer.stride,
                              bits=bits or self.scheme.weight_bits, gain=gain, zero=zero)

    def _pixel_gain(self) -> Tensor:
        encoding = self.config.encoding
        return float(encoding.scale) / torch.tensor(encoding.std)

    def _make_neurons(self) -> None:
        """Give every neuron the threshold that its current's unit implies."""
        stream = torch.tensor([2.0 ** self.scheme.stream_bits])
        for i, layer in enumerate(self.stem[:-1]):
            self.stem_lifs[i] = _lif(layer.unit)
        if self.rpe is not None:
            self.rpe_lif = _lif(stream)
        for block in self.blocks:
            block.lif, block.mlp_lif = _lif(stream), _lif(stream)
            block.qkv_lif, block.fc1_lif = _lif(block.qkv.unit), _lif(block.fc1.unit)
            if block.attn_lif is not None:
                block.attn_lif = Lif(torch.tensor([4.0]), torch.tensor([8.0]), floor=True)
        self.head_lif = _lif(stream * self.config.tokens)

    def set_scale(self, name: str, unit: Tensor, shift: Tensor) -> None:
        """Freeze unit and shift ``[Cout]`` of one layer, and its neurons' thresholds with them."""
        layer = dict(self.synapses())[name]
        layer.unit.copy_(unit)
        layer.shift.copy_(shift)
        self._make_neurons()

    def encode(self, images: Tensor) -> Tensor:
        return images.permute(0, 2, 3, 1).to(torch.float32).unsqueeze(0)

    def read_out(self, count: Tensor) -> Tensor:
        return self.head(count)

    def rescale(self, logits: Tensor) -> Tensor:
        return logits / self.head.unit

    def forward(self, images: Tensor, record: Recorder | None = None) -> Tensor:
        with exact_arithmetic():
            return super().forward(images, record)

    def graph(self, name: str = "network", notes: dict[str, str | int | float] | None = None
              ) -> Graph:
        """The integer network that computes exactly this.

        Raises ValueError when a value could reach 2**24, beyond which float32 is not exact.
        """
        return export(self, name, notes or {})


def _lif(unit: Tensor) -> Lif:
    return Lif(unit.clone(), unit.clone(), floor=True)
