"""Making float32 compute on integers, and being sure that it does."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Generator

from golden.layers.weights import convolve

__all__ = ["check_exact", "exact_arithmetic"]


@contextmanager
def exact_arithmetic() -> Iterator[None]:
    """Keep torch to algorithms that only sum products, at full float32 precision.

    NNPACK convolves by Winograd's transform and TF32 drops bits: neither is exact on integers.
    """
    matmul, cudnn = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    deterministic = torch.backends.cudnn.deterministic
    try:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        with torch.backends.nnpack.flags(enabled=False):
            yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = matmul
        torch.backends.cudnn.allow_tf32 = cudnn
        torch.backends.cudnn.deterministic = deterministic


@cache
def check_exact(device: str = "cpu") -> None:
    """Compare float32 convolutions of integers near 2**24 with int64 ones, once per process.

    Raises RuntimeError when this machine's torch is not exact.
    """
    generator = torch.Generator().manual_seed(0)
    for inputs, outputs, kernel, stride in ((1, 32, 3, 2), (24, 48, 3, 1), (64, 192, 1, 1)):
        _compare((outputs, inputs, kernel, kernel), stride, device, generator)
    _compare((48, 5, 5), 1, device, generator)


def _compare(shape: tuple[int, ...], stride: int, device: str, generator: Generator) -> None:
    inputs = shape[1] if len(shape) == 4 else shape[0]
    kernel = shape[-1]
    # the largest weights for which no sum reaches 2**24
    top = (1 << 24) // (256 * math.prod(shape[1:])) - 1
    x = torch.randint(256, (1, 64, 15, 15, inputs), generator=generator)
    weight = torch.randint(-top, top + 1, shape, generator=generator)
    with exact_arithmetic():
        found = convolve(x.float().to(device), weight.float().to(device), stride,
                         kernel // 2).cpu()
    padded = torch.nn.functional.pad(x[0].permute(0, 3, 1, 2), (kernel // 2,) * 4)
    windows = padded.unfold(2, kernel, stride).unfold(3, kernel, stride)
    rule = "nchwrs,ocrs->nhwo" if len(shape) == 4 else "nchwrs,crs->nhwc"
    expected = torch.einsum(rule, windows, weight)
    if wrong := int((found[0] != expected).sum()):
        raise RuntimeError(f"{wrong} of {expected.numel()} sums of a {kernel}x{kernel} "
                           f"convolution of integers are not exact in torch "
                           f"{torch.__version__} on {device}; use another build of torch, "
                           "or report its torch.__config__.show()")
