"""Convolutions of bytes that are exact, where the processor makes them faster than those of floats.

Spikes, counts and few levels fit 7 bits without a sign, weights 8 with one. Processors without
instructions for such products add two of them in 16 bits, which holds them: 2 * 127 * 128 is less
than 2**15.
"""

import time
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["FEWEST", "LARGEST", "byte_conv", "bytes_win"]

LARGEST = 127
"""What no input exceeds; none is negative."""

FEWEST = 16
"""Channels from which on windows are best left to be gathered as they are multiplied."""

TRIED, TRIES = (4, 32, 32, 64), 5
"""Of maps and channels that show how fast a processor is, and how often."""


def byte_conv(weight: Tensor, bias: Tensor, scale: Tensor, stride: int = 1, padding: int = 0,
              ) -> Callable[[Tensor], Tensor]:
    """What convolves maps ``[N, H, W, in]``, uint8 up to :data:`LARGEST`, to ``[N, H, W, out]``.

    The results are integers in float32, exact as long as none could reach 2**24.

    Parameters
    ----------
    weight : int8 ``[out, in, k, k]``
    bias : float32 ``[out]``
    scale : float32 ``[out]``
        By which sums are multiplied before the bias is added; powers of two.
    stride, padding : int
        Outside the maps there is zero.
    """
    zero = torch.zeros(len(scale), dtype=torch.int32)
    packed = torch.ops.onednn.qconv_prepack(
        weight, scale, 1.0, 0, [stride] * 2, [padding] * 2, [1, 1], 1, None)

    def convolve(maps: Tensor) -> Tensor:
        sums = torch.ops.onednn.qconv2d_pointwise(
            maps.permute(0, 3, 1, 2), 1.0, 0, packed, scale, zero, bias, [stride] * 2,
            [padding] * 2, [1, 1], 1, 1.0, 0, torch.float32, "none", [], "")
        return sums.permute(0, 2, 3, 1)

    return convolve


@cache
def bytes_win(device: torch.device) -> bool:
    """Whether convolutions of bytes are exact at their extremes there, and faster."""
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    try:
        return _exact() and _faster()
    except (AttributeError, RuntimeError):  # another torch or processor has none
        return False


def _exact() -> bool:
    return all(_equal(*each) for each in ((3, 70, 1, 1), (3, 16, 2, 0), (1, 70, 1, 0),
                                          (1, 400, 1, 0)))


def _equal(kernel: int, channels: int, stride: int, padding: int) -> bool:
    """Whether sums at both extremes, shifted and with a bias, are those of doubles."""
    maps = torch.full((1, 5, 5, channels), LARGEST, dtype=torch.uint8)
    weight = torch.tensor([-128, 127, 127], dtype=torch.int8).view(3, 1, 1, 1).repeat(
        1, channels, kernel, kernel)
    bias, scale = torch.tensor([-1.0, 5.0, 0.0]), torch.tensor([1.0, 1.0, 2.0])
    found = byte_conv(weight, bias, scale, stride, padding)(maps)
    wanted = functional.conv2d(maps.permute(0, 3, 1, 2).double(), weight.double(), stride=stride,
                               padding=padding)
    wanted = wanted * scale.view(-1, 1, 1) + bias.view(-1, 1, 1)
    return torch.equal(found.permute(0, 3, 1, 2).double(), wanted)


def _faster() -> bool:
    maps = torch.ones(TRIED, dtype=torch.uint8)
    weight = torch.ones((TRIED[-1], TRIED[-1], 3, 3), dtype=torch.int8)
    ours = byte_conv(weight, torch.zeros(len(weight)), torch.ones(len(weight)))
    floats = maps.float().permute(0, 3, 1, 2)
    return _seconds(lambda: ours(maps)) < _seconds(
        lambda: functional.conv2d(floats, weight.float()))


def _seconds(run: Callable[[], Tensor]) -> float:
    """The least time of a few tries."""
    times = []
    for _ in range(TRIES):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)
