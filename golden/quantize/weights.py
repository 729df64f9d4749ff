"""Layers of weights that train as real numbers and compute on integers."""

import torch
from torch import Tensor, nn

from golden.layers import Layer, Shape, Weights
from golden.layers.weights import convolve
from golden.quantize.plan import Reader
from golden.quantize.scales import limit
from ir import ops

__all__ = ["Centre", "IntegerWeights", "through"]


class _Through(torch.autograd.Function):
    @staticmethod
    def forward(ctx, exact: Tensor, real: Tensor) -> Tensor:
        return exact.clone()

    @staticmethod
    def backward(ctx, *grads):
        return None, grads[0]


def through(exact: Tensor, real: Tensor) -> Tensor:
    """The value of ``exact`` with the gradient of ``real``: rounding passed straight through."""
    return _Through.apply(exact, real)


class Centre(Layer):
    """Pixels less the one that means zero, channel by channel.

    Stands before the first weights where one whole number is not zero for all channels.
    """

    zeros: Tensor
    integers = True

    def __init__(self, zeros: Tensor):
        super().__init__()
        self.register_buffer("zeros", zeros, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x - self.zeros.to(x.dtype)

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return units[0]

    def op(self) -> ops.DepthwiseConv:
        channels = len(self.zeros)
        ones = torch.ones(channels, 1, 1, dtype=torch.int64)
        return ops.DepthwiseConv(weight=ones.numpy(), bias=-self.zeros.to(torch.int64).numpy(),
                                 shift=torch.zeros(channels, dtype=torch.int64).numpy(),
                                 weight_bits=2)


class IntegerWeights(Layer):
    """``out = (sum of integer weights * inputs) * 2**shift + bias``, exactly.

    Parameters
    ----------
    layer : Weights
        Of the float network; its shape counts.
    bits : int
        Of a weight.
    fan_in : int or None
        Weights of a channel that are not taken for zero, the largest; None for all.
    reader : Reader

    The real ``weight`` and ``bias`` are trained. ``output_unit`` ``[Cout]`` is what 1.0 is in the
    output and ``shift`` ``[Cout]`` as above; the weight scale is ``2**shift / output_unit``.
    """

    integers = True
    output_unit: Tensor
    shift: Tensor
    gain: Tensor
    rest: Tensor

    def __init__(self, layer: Weights, *, bits: int, reader: Reader,
                 fan_in: int | None = None):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros_like(layer.weight))
        self.bias = nn.Parameter(torch.zeros(layer.outputs))
        self.register_buffer("output_unit", torch.ones(layer.outputs))
        self.register_buffer("shift", torch.zeros(layer.outputs, dtype=torch.int64))
        inputs = self.weight.shape[1] if self.mixes else layer.outputs
        self.register_buffer("gain", torch.ones(inputs), persistent=False)
        self.register_buffer("rest", torch.zeros(inputs), persistent=False)
        self.bits, self.reader, self.zero, self.fan_in = bits, reader, 0, fan_in
        self.stride, self.padding = layer.stride, layer.padding

    @property
    def mixes(self) -> bool:
        """Whether every output sees all channels, not its own alone."""
        return self.weight.ndim == 4

    def bind(self, unit: Tensor) -> None:
        """Weigh inputs whose 1.0 is ``unit``, ``[Cin]``."""
        self.gain = (1 / unit.to(torch.float64)).to(torch.float32)

    def place_zero(self, zeros: Tensor, zero: int) -> None:
        """Take the integer input ``zeros``, ``[Cin]``, real numbers, for zero.

        The padding is ``zero``, a whole number near them all.
        """
        self.zero, self.rest = zero, (zeros - zero).to(torch.float32)

    def _per_input(self, values: Tensor) -> Tensor:
        return values[:, None, None] if not self.mixes else values[None, :, None, None]

    def _per_output(self, values: Tensor) -> Tensor:
        return values.view(-1, *[1] * (self.weight.ndim - 1))

    @property
    def effective(self) -> Tensor:
        """Real weights on integer inputs."""
        return self.weight * self._per_input(self.gain)

    def kept(self, weight: Tensor) -> Tensor:
        """``weight`` with zeros for all but the largest :attr:`fan_in` of each output."""
        rows = weight.flatten(1)
        if self.fan_in is None or self.fan_in >= rows.shape[1]:
            return weight
        largest = rows.abs().topk(self.fan_in, 1).indices
        return torch.zeros_like(rows).scatter(1, largest, rows.gather(1, largest)).view_as(weight)

    def integer_values(self) -> tuple[Tensor, Tensor, Tensor]:
        """Weight, shift factor and bias: integers in floats, with gradients."""
        factor = (2.0 ** self.shift).to(self.weight.dtype)
        real = self.effective * self._per_output(self.output_unit / factor)
        top = limit(self.bits)
        clipped = real.clamp(-top, top)
        weight = through(self.kept(clipped.detach()).round(), clipped)
        offset = self.bias * self.output_unit
        taps = tuple(range(1, weight.ndim))
        if bool(self.rest.any()):
            offset = offset - (weight * self._per_input(self.rest)).sum(taps) * factor
        bias = through(offset.detach().round(), offset)
        if self.zero:
            bias = bias - self.zero * weight.sum(taps) * factor
        return weight, factor, bias

    def forward(self, x: Tensor) -> Tensor:
        weight, factor, bias = (values.to(x.dtype) for values in self.integer_values())
        return convolve(x, weight, self.stride, self.padding, float(self.zero)) * factor + bias

    def unit(self, shape: Shape, *units: Tensor) -> Tensor:
        return self.output_unit.to(torch.float64)

    @torch.no_grad()
    def op(self) -> ops.Conv | ops.DepthwiseConv:
        weight, _, bias = (values.to(torch.int64).numpy() for values in self.integer_values())
        shift = self.shift.numpy()
        if not self.mixes:
            return ops.DepthwiseConv(weight=weight, bias=bias, shift=shift, weight_bits=self.bits,
                                     stride=self.stride, padding=self.padding)
        return ops.Conv(weight=weight, bias=bias, shift=shift, weight_bits=self.bits,
                        stride=self.stride, padding=self.padding, pad_value=self.zero)
