"""Torch functions on windows of maps: pools and enlargement."""

from typing import Any

import torch

from golden.capture.errors import CaptureError
from golden.capture.layouts import Maps, maps
from golden.capture.recorder import Recorder, Value
from golden.capture.sums import reduced
from golden.capture.synapses import one

__all__ = ["FUNCTIONS"]


def max_pool2d(recorder: Recorder, input: Value, kernel_size: Any, stride: Any = None,
               padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
               return_indices: bool = False) -> Value:
    if one("dilation", dilation) > 1 or return_indices:
        raise CaptureError("max pooling with dilation or indices")
    return _pool(recorder, input, "MaxPool", kernel_size, stride, padding, ceil_mode)


def avg_pool2d(recorder: Recorder, input: Value, kernel_size: Any, stride: Any = None,
               padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Value:
    if divisor_override or (one("padding", padding) and not count_include_pad):
        raise CaptureError("average pooling whose divisor differs at the border")
    return _pool(recorder, input, "SumPool", kernel_size, stride, padding, ceil_mode)


def avg_pool1d(recorder: Recorder, input: Value, kernel_size: Any, stride: Any = None,
               padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True) -> Value:
    kernel, step = one("kernel", kernel_size), one("stride", stride or kernel_size)
    if kernel != step or one("padding", padding) or input.numbers.shape[-1] % kernel:
        raise CaptureError("one-dimensional average pooling whose windows overlap or are cut off")
    groups = Value(input.numbers.unflatten(-1, (-1, kernel)), input.factor)
    return reduced(recorder, groups, -1, False, mean=True)


def adaptive_avg_pool1d(recorder: Recorder, input: Value, output_size: Any) -> Value:
    if one("output size", output_size) != 1:
        raise CaptureError("adaptive pooling to more than one token")
    return reduced(recorder, input, -1, True, mean=True)


def adaptive_avg_pool2d(recorder: Recorder, input: Value, output_size: Any) -> Value:
    size = one("output size", output_size)
    if size == 1:
        return reduced(recorder, input, (-2, -1), True, mean=True)
    height, width = input.numbers.shape[-2:]
    if height != width or height % size:
        raise CaptureError(f"adaptive pooling of {height}x{width} to {size}x{size}, which are not "
                           "windows of one size")
    return _pool(recorder, input, "SumPool", height // size, None, 0, False)


def interpolate(recorder: Recorder, input: Value, size: Any = None, scale_factor: Any = None,
                mode: str = "nearest", **options: Any) -> Value:
    if mode not in ("nearest", "nearest-exact"):
        raise CaptureError(f"{mode} interpolation; only nearest moves spikes as they are")
    source = maps(recorder, input)
    old = torch.zeros(1, 1, *source.node.shape[1:])
    new = torch.nn.functional.interpolate(old, size, scale_factor, mode).shape[2:]
    ratios = {a / b for a, b in zip(new, source.node.shape[1:], strict=True)}
    ratio = ratios.pop()
    shape = (source.node.channels, new[0], new[1])
    if not ratios and ratio >= 1 and ratio % 1 == 0:
        node = recorder.node("Upsample", (source.node,), shape, spikes=source.node.spikes,
                             factor=int(ratio))
    elif not ratios and 1 / ratio % 1 == 0 and mode == "nearest":
        # the nearest of a window is its first
        node = recorder.node("MaxPool", (source.node,), shape, spikes=source.node.spikes,
                             kernel=1, stride=int(1 / ratio), padding=0)
    else:
        raise CaptureError(f"interpolation of {source.node.shape[1:]} to {tuple(new)}, which is "
                           "no whole factor")
    return Value(source.numbers(recorder, node).numbers, input.factor)


def dropout(recorder: Recorder, input: Value, p: float = 0.5, training: bool = True,
            inplace: bool = False) -> Value:
    if training and p:
        raise CaptureError("dropout that stays on in evaluation")
    return input


def _pool(recorder: Recorder, input: Value, op: str, kernel: Any, stride: Any, padding: Any,
          ceil_mode: bool) -> Value:
    kernel, padding = one("kernel", kernel), one("padding", padding)
    stride = one("stride", stride or kernel)
    source: Maps = maps(recorder, input)
    spans = [size + 2 * padding - kernel for size in source.node.shape[1:]]
    if ceil_mode and any(span % stride for span in spans):
        raise CaptureError("pooling with windows that are cut off (ceil_mode)")
    node = recorder.node(op, (source.node,),
                         (source.node.channels, *(span // stride + 1 for span in spans)),
                         spikes=op == "MaxPool" and source.node.spikes, kernel=kernel,
                         stride=stride, padding=padding)
    return Value(source.numbers(recorder, node).numbers, input.factor)


FUNCTIONS = {function.__name__: function for function in (
    adaptive_avg_pool1d, adaptive_avg_pool2d, avg_pool1d, avg_pool2d, interpolate, max_pool2d)}
FUNCTIONS |= dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d", "feature_dropout",
                            "alpha_dropout"), dropout)
