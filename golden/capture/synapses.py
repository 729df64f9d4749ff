"""Torch functions with weights: convolution, linear layer, batch norm, constants."""

from typing import Any

import torch
from torch import Tensor

from golden.capture.errors import CaptureError
from golden.capture.layouts import maps, per_channel, rows
from golden.capture.nodes import Node
from golden.capture.recorder import Recorder, Value

__all__ = ["FUNCTIONS", "affine", "one", "settled"]


def one(subject: str, size: Any) -> int:
    """The number that stands for both directions."""
    sizes = set(size) if isinstance(size, tuple | list) else {size}
    if len(sizes) != 1:
        raise CaptureError(f"{subject} {tuple(size)} differs between the directions")
    return int(sizes.pop())


def conv1d(recorder: Recorder, input: Value, weight: Tensor, bias: Tensor | None = None,
           stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Value:
    if one("kernel", weight.shape[2:]) > 1 or one("stride", stride) > 1 or padding not in (
            0, (0,), [0], "valid", "same") or input.numbers.ndim != 3:
        raise CaptureError("a one-dimensional convolution is a linear layer on tokens, of kernel "
                           "and stride 1")
    return _pointwise(recorder, input, _dense(weight.detach()[..., None], groups), bias)


def conv2d(recorder: Recorder, input: Value, weight: Tensor, bias: Tensor | None = None,
           stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Value:
    kernel, stride = one("kernel", weight.shape[2:]), one("stride", stride)
    if kernel > 1 and one("dilation", dilation) > 1:
        raise CaptureError("a dilated convolution")
    if isinstance(padding, str):
        padding = (kernel - 1) // 2 if padding == "same" else 0
    padding = one("padding", padding)
    weight = weight.detach()
    if kernel == 1 and stride == 1 and padding == 0 and groups == 1:
        return _pointwise(recorder, input, weight, bias)
    source = maps(recorder, input)
    each = groups == weight.shape[0] == source.node.channels and groups > 1
    weight = weight[:, 0] if each else _dense(weight, groups)
    height, width = ((size + 2 * padding - kernel) // stride + 1 for size in source.node.shape[1:])
    node = recorder.node("DepthwiseConv" if each else "Conv", (source.node,),
                         (len(weight), height, width), weight=weight * input.factor,
                         bias=_bias(bias, len(weight)), kernel=kernel, stride=stride,
                         padding=padding)
    return source.numbers(recorder, node)


def linear(recorder: Recorder, input: Value, weight: Tensor, bias: Tensor | None = None) -> Value:
    source = rows(recorder, input)
    node = source.located.node
    columns = torch.empty_like(weight.detach())
    columns[:, source.order] = weight.detach()
    if not source.whole:
        return source.numbers(recorder, _synapse(recorder, node, columns[..., None, None],
                                                 bias, input.factor))
    if node.shape[1] != node.shape[2]:
        raise CaptureError(f"reads a whole map of {node.shape[1]}x{node.shape[2]}: only square "
                           "ones can be the window of a convolution")
    return source.numbers(recorder, _synapse(recorder, node, columns.unflatten(1, node.shape),
                                             bias, input.factor, (1, 1)))


def batch_norm(recorder: Recorder, input: Value, running_mean: Tensor | None,
               running_var: Tensor | None, weight: Tensor | None = None,
               bias: Tensor | None = None, training: bool = False, momentum: float = 0.1,
               eps: float = 1e-5) -> Value:
    if running_mean is None or running_var is None or training:
        raise CaptureError("a batch norm without running statistics: its scale depends on the "
                           "batch")
    gain = (running_var.double() + eps).rsqrt()
    if weight is not None:
        gain = gain * weight.detach()
    offset = -running_mean * gain
    if bias is not None:
        offset = offset + bias.detach()
    shape = (-1, *[1] * (input.numbers.ndim - 2))
    return affine(recorder, input, gain.view(shape), offset.view(shape))


def affine(recorder: Recorder, value: Value, gain: Tensor, offset: Tensor | None) -> Value:
    """A constant of each channel times the values, and another added to them."""
    located = recorder.locate(value)
    scale = per_channel(located, gain * value.factor)
    shift = torch.zeros(located.node.channels) if offset is None else per_channel(located, offset)
    if scale is None or shift is None:
        raise CaptureError("a constant is added or multiplied that is not one per channel: it "
                           "differs from position to position, or from step to step")
    node = recorder.node("DepthwiseConv", (located.node,), located.node.shape,
                         weight=scale[:, None, None], bias=shift, kernel=1, stride=1, padding=0)
    return Value(recorder.record.numbers(node, *located.fields))


def settled(recorder: Recorder, value: Value) -> Value:
    """The same value without a factor, which becomes a node."""
    return value if value.factor == 1 else affine(recorder, value, torch.ones(1), None)


def _pointwise(recorder: Recorder, input: Value, weight: Tensor, bias: Tensor | None) -> Value:
    source = rows(recorder, input, 1)
    if source.whole:
        raise CaptureError("reads whole maps as channels")
    columns = torch.empty_like(weight.flatten(1))
    columns[:, source.order] = weight.flatten(1)
    node = _synapse(recorder, source.located.node, columns[..., None, None], bias, input.factor)
    return Value(source.numbers(recorder, node).numbers.movedim(-1, 1))


def _synapse(recorder: Recorder, source: Node, weight: Tensor, bias: Tensor | None,
             factor: float, size: tuple[int, int] | None = None) -> Node:
    return recorder.node("Conv", (source,), (len(weight), *(size or source.shape[1:])),
                         weight=weight * factor, bias=_bias(bias, len(weight)),
                         kernel=weight.shape[-1], stride=1, padding=0)


def _dense(weight: Tensor, groups: int) -> Tensor:
    """The weights ``[O, I, K, K]`` of a convolution in groups, zeros between the groups."""
    if groups == 1:
        return weight
    each, inputs = len(weight) // groups, weight.shape[1]
    result = weight.new_zeros(len(weight), inputs * groups, *weight.shape[2:])
    for i in range(groups):
        part = slice(i * each, (i + 1) * each)
        result[part, i * inputs:(i + 1) * inputs] = weight[part]
    return result


def _bias(bias: Tensor | None, channels: int) -> Tensor:
    return torch.zeros(channels) if bias is None else bias.detach().clone()


FUNCTIONS = {function.__name__: function for function in (batch_norm, conv1d, conv2d, linear)}
