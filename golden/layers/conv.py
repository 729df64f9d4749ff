"""Convolution; a linear layer on tokens is its 1x1 form."""

from torch import Generator

from golden.layers.weights import Source, Weights

__all__ = ["Conv"]


class Conv(Weights):
    """Convolution of all channels with all, see :class:`ir.ops.Conv`.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel, stride, padding : int
        Padding with zero; half the kernel where it is None.

    The others as for :class:`golden.layers.weights.Weights`.
    """

    def __init__(self, inputs: int, outputs: int, *, generator: Generator, kernel: int = 1,
                 stride: int = 1, padding: int | None = None, norm: bool = True,
                 bias: bool = True, gain: float = 1.0, source: Source = ()):
        super().__init__((outputs, inputs, kernel, kernel), stride=stride, padding=padding,
                         norm=norm, bias=bias, gain=gain, generator=generator, source=source)
