"""A layer of weights that trains as real numbers and computes on integers."""

from enum import Enum

import torch
from torch import Tensor, nn

from golden.models.synapse import convolve
from golden.quantize.scales import limit

__all__ = ["IntegerSynapse", "Reader", "through"]


class Reader(Enum):
    """Who reads what a layer writes, which decides the scales that it may have."""

    NEURONS = "neurons"
    """Neurons alone: any scale, a channel's own."""

    STREAM = "stream"
    """The residual stream: powers of two, aligned by shifts."""

    LOGITS = "logits"
    """Nobody further: any scale, one for all classes."""


def through(exact: Tensor, real: Tensor) -> Tensor:
    """The value of ``exact`` with the gradient of ``real``: rounding passed straight through."""
    return real + (exact - real).detach()


class IntegerSynapse(nn.Module):
    """``out = (sum of integer weights * inputs) * 2**shift + bias``, in float32, exactly.

    Parameters
    ----------
    inputs, outputs, kernel, stride : int
    bits : int
        Of a weight.
    reader : Reader

    The real ``weight`` and ``bias`` are trained. ``unit`` ``[Cout]`` is what 1.0 is in the output
    and ``shift`` ``[Cout]`` as above; the weight scale is ``2**shift / unit``. ``gain`` ``[Cin]``
    is what 1 of the integer input means to the real weights: ``1/256 / std`` for pixels, 1 for
    spikes, ``1/T`` for spike counts; ``zero`` is the integer input that means zero.
    """

    unit: Tensor
    shift: Tensor
    gain: Tensor

    def __init__(self, inputs: int, outputs: int, *, bits: int, reader: Reader, kernel: int = 1,
                 stride: int = 1):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("unit", torch.ones(outputs))
        self.register_buffer("shift", torch.zeros(outputs, dtype=torch.int64))
        self.register_buffer("gain", torch.ones(inputs))
        self.bits, self.stride, self.reader, self.zero = bits, stride, reader, 0

    @property
    def kernel(self) -> int:
        return self.weight.shape[-1]

    @property
    def effective(self) -> Tensor:
        """Real weights on integer inputs."""
        return self.weight * self.gain[:, None, None]

    def integers(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weight, shift factor and bias as integers in float32, with gradients."""
        factor = (2.0 ** self.shift).to(self.weight.dtype)
        real = self.effective * (self.unit / factor)[:, None, None, None]
        top = limit(self.bits)
        clipped = real.clamp(-top, top)
        weight = through(clipped.detach().round(), clipped)
        offset = self.bias * self.unit
        bias = through(offset.detach().round(), offset)
        if self.zero:
            bias = bias - self.zero * weight.sum((1, 2, 3)) * factor
        return weight, factor, bias

    def forward(self, x: Tensor) -> Tensor:
        weight, factor, bias = self.integers()
        return convolve(x, weight, self.stride, float(self.zero)) * factor + bias
