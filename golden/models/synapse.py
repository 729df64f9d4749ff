"""Weights with batch norm: a convolution, or its 1x1 form, a linear layer on tokens."""

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

__all__ = ["Synapse", "convolve", "settle"]

MOMENTUM = 0.1
"""How fast a batch norm's running mean and variance follow in training."""

EPSILON = 1e-5
"""What is added to a variance so that a root of zero divides nothing."""


def convolve(x: Tensor, weight: Tensor, stride: int, pad_value: float = 0.0) -> Tensor:
    """``[..., H, W, Cin]`` with weights ``[Cout, Cin, K, K]`` to ``[..., H', W', Cout]``.

    Padding is ``K // 2`` on every side with ``pad_value``.
    """
    kernel = weight.shape[-1]
    if kernel == 1:
        return functional.linear(x, weight[:, :, 0, 0])
    flat = x.flatten(0, -4).permute(0, 3, 1, 2)
    padding = kernel // 2
    if pad_value:
        flat = functional.pad(flat, (padding,) * 4, value=pad_value)
        padding = 0
    y = functional.conv2d(flat, weight, stride=stride, padding=padding)
    return y.permute(0, 2, 3, 1).unflatten(0, x.shape[:-3])


class Synapse(nn.Module):
    """``BN(conv(x))`` on maps ``[T, N, H, W, C]``, or ``conv(x) + bias`` where ``norm`` is False.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel, stride : int
        Padding is ``kernel // 2``.
    gain : float
        First value of the batch norm's weight; small ones keep branches quiet at the start.
    norm : bool
    generator : torch.Generator
        Of the initial weights, normal with variance ``1 / fan-in``.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, inputs: int, outputs: int, *, generator: Generator, kernel: int = 1,
                 stride: int = 1, gain: float = 1.0, norm: bool = True):
        super().__init__()
        fan_in = inputs * kernel * kernel
        weight = torch.randn(outputs, inputs, kernel, kernel, generator=generator)
        self.weight = nn.Parameter(weight * fan_in ** -0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.stride = stride
        self.norm, self.momentum = norm, MOMENTUM
        if norm:
            self.gain = nn.Parameter(torch.full((outputs,), gain))
            self.register_buffer("mean", torch.zeros(outputs))
            self.register_buffer("variance", torch.ones(outputs))

    @property
    def kernel(self) -> int:
        return self.weight.shape[-1]

    def forward(self, x: Tensor) -> Tensor:
        y = convolve(x, self.weight, self.stride)
        if not self.norm:
            return y + self.bias
        rows = functional.batch_norm(y.reshape(-1, y.shape[-1]), self.mean, self.variance,
                                     self.gain, self.bias, self.training,
                                     self.momentum, EPSILON)
        return rows.reshape(y.shape)

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weights ``[Cout, Cin, K, K]`` and bias ``[Cout]`` with the batch norm inside."""
        if not self.norm:
            return self.weight.detach().clone(), self.bias.detach().clone()
        scale = self.gain * (self.variance + EPSILON).rsqrt()
        weight = self.weight * scale[:, None, None, None]
        return weight.detach(), (self.bias - self.mean * scale).detach()


@torch.no_grad()
def settle(model: nn.Module, images: Tensor, *, batch: int) -> None:
    """Make every batch norm's mean and variance those of all these images alike.

    In training they follow the last few batches, whose chance moves neurons near their threshold.
    """
    synapses = [part for part in model.modules() if isinstance(part, Synapse) and part.norm]
    if not synapses:
        return
    training = model.training
    model.train()
    for i, part in enumerate(images.split(batch)):
        for synapse in synapses:
            synapse.momentum = 1 / (i + 1)
        model(part)
    for synapse in synapses:
        synapse.momentum = MOMENTUM
    model.train(training)
