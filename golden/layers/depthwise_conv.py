"""Convolution of each channel by itself; a learned constant per channel is its 1x1 form."""

from torch import Generator, nn

from golden.layers.weights import Source, Weights

__all__ = ["DepthwiseConv"]


class DepthwiseConv(Weights):
    """Convolution of each channel by itself, see :class:`ir.ops.DepthwiseConv`.

    Parameters
    ----------
    channels : int
    kernel, stride, padding : int
        Padding with zero; half the kernel where it is None.
    gain : float
        A 1x1 kernel without batch norm begins with this constant in every channel.

    The others as for :class:`golden.layers.weights.Weights`.
    """

    def __init__(self, channels: int, *, generator: Generator, kernel: int = 1, stride: int = 1,
                 padding: int | None = None, norm: bool = True, bias: bool = False,
                 gain: float = 1.0, source: Source = ()):
        super().__init__((channels, kernel, kernel), stride=stride, padding=padding, norm=norm,
                         bias=bias, gain=gain, generator=generator, source=source)
        if kernel == 1 and not norm:
            nn.init.constant_(self.weight, gain)
