"""Weights with batch norm, and how maps are convolved."""

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from golden.layers.layer import Layer

__all__ = ["Source", "Weights", "convolve", "settle"]

MOMENTUM = 0.1
"""How fast a batch norm's running mean and variance follow in training."""

EPSILON = 1e-5
"""What is added to a variance so that a root of zero divides nothing."""

Source = tuple[str, ...] | tuple[tuple[str, ...], ...]
"""Where a layer's weights lie in a published checkpoint: convolution, then batch norm; several
such pairs where it is merged of several."""


def convolve(x: Tensor, weight: Tensor, stride: int, padding: int,
             pad_value: float = 0.0) -> Tensor:
    """``[..., H, W, Cin]`` with weights ``[Cout, Cin, K, K]`` to ``[..., H', W', Cout]``.

    With weights ``[C, K, K]`` every channel is convolved by itself.
    """
    kernel, groups = weight.shape[-1], 1
    if kernel == 1:
        x = x[..., ::stride, ::stride, :] if stride > 1 else x
        return (functional.linear(x, weight[:, :, 0, 0]) if weight.ndim == 4
                else x * weight[:, 0, 0])
    if weight.ndim == 3:
        weight, groups = weight[:, None], len(weight)
    flat = x.flatten(0, -4).permute(0, 3, 1, 2)
    if pad_value:
        flat = functional.pad(flat, (padding,) * 4, value=pad_value)
        padding = 0
    y = functional.conv2d(flat, weight, stride=stride, padding=padding, groups=groups)
    return y.permute(0, 2, 3, 1).unflatten(0, x.shape[:-3])


class Weights(Layer):
    """``BN(weight * x)``, or ``weight * x + bias`` where ``norm`` is False.

    Parameters
    ----------
    shape : tuple of int
        Of the weights: ``[out, in, kernel, kernel]`` or ``[channels, kernel, kernel]``.
    stride : int
    padding : int, optional
        Half the kernel where it is None.
    norm, bias : bool
        A batch norm has its bias anyway.
    gain : float
        First value of the batch norm's weight, or of what multiplies the first weights; small
        ones keep branches quiet at the start.
    generator : torch.Generator
        Of the initial weights, normal with variance ``1 / fan-in``.
    source : tuple of str, or of such tuples
        Where the weights lie in a published checkpoint; no influence on anything.
    """

    mean: Tensor
    variance: Tensor
    bias: nn.Parameter | None

    def __init__(self, shape: tuple[int, ...], *, stride: int, padding: int | None, norm: bool,
                 bias: bool, gain: float, generator: Generator, source: Source):
        super().__init__()
        weight = torch.randn(*shape, generator=generator) * math.prod(shape[1:]) ** -0.5
        self.weight = nn.Parameter(weight if norm else weight * gain)
        self.bias = nn.Parameter(torch.zeros(shape[0])) if norm or bias else None
        self.stride, self.source = stride, source
        self.padding = shape[-1] // 2 if padding is None else padding
        self.norm, self.momentum = norm, MOMENTUM
        if norm:
            self.gain = nn.Parameter(torch.full((shape[0],), gain))
            self.register_buffer("mean", torch.zeros(shape[0]))
            self.register_buffer("variance", torch.ones(shape[0]))

    @property
    def kernel(self) -> int:
        return self.weight.shape[-1]

    @property
    def outputs(self) -> int:
        return self.weight.shape[0]

    def forward(self, x: Tensor) -> Tensor:
        y = convolve(x, self.weight, self.stride, self.padding)
        if not self.norm:
            return y if self.bias is None else y + self.bias
        rows = functional.batch_norm(y.reshape(-1, y.shape[-1]), self.mean, self.variance,
                                     self.gain, self.bias, self.training,
                                     self.momentum, EPSILON)
        return rows.reshape(y.shape)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weights, and bias ``[out]``, with the batch norm inside."""
        bias = self.weight.new_zeros(self.outputs) if self.bias is None else (
            self.bias.detach().clone())
        if not self.norm:
            return self.weight.detach().clone(), bias
        scale = (self.gain * (self.variance + EPSILON).rsqrt()).detach()
        weight = self.weight.detach() * scale.view(-1, *[1] * (self.weight.ndim - 1))
        return weight, bias - self.mean * scale


@torch.no_grad()
def settle(model: nn.Module, images: Tensor, *, batch: int) -> None:
    """Make every batch norm's mean and variance those of all these images alike.

    In training they follow the last few batches, whose chance moves neurons near their threshold.
    """
    layers = [part for part in model.modules() if isinstance(part, Weights) and part.norm]
    if not layers:
        return
    training = model.training
    model.train()
    for i, part in enumerate(images.split(batch)):
        for layer in layers:
            layer.momentum = 1 / (i + 1)
        model(part)
    for layer in layers:
        layer.momentum = MOMENTUM
    model.train(training)
