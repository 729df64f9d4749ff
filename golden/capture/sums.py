"""Torch functions that add and multiply: shortcuts, gates, means."""

from typing import Any

import torch
from torch import Tensor

from golden.capture.attention import Product
from golden.capture.errors import CaptureError
from golden.capture.nodes import STATIC, Located, Node
from golden.capture.recorder import Recorder, Value
from golden.capture.synapses import affine, settled

__all__ = ["FUNCTIONS", "reduced"]

Operand = Any
"""A value, a product, or a constant: a tensor or a number."""


def add(recorder: Recorder, input: Operand, other: Operand, *, alpha: float = 1) -> Value:
    if isinstance(input, Product) or isinstance(other, Product):
        raise CaptureError("a matrix product is added: attention ends in a neuron")
    if not isinstance(input, Value):
        input, other = other, input
    if not isinstance(other, Value):
        constant = torch.as_tensor(other, dtype=torch.float32) * alpha
        return input if not constant.any() else affine(recorder, input, torch.ones(1), constant)
    if alpha != 1:
        raise CaptureError("add with another alpha than 1")
    if input.factor != other.factor:
        input, other = settled(recorder, input), settled(recorder, other)
    a, b, step = _aligned(recorder, input, other)
    if step is None:
        return _running_sum(recorder, a, b, input.factor)
    if a.node.shape != b.node.shape or not (a.channel == b.channel).all() or not (
            a.position == b.position).all():
        raise CaptureError(f"adds {a.node.shape} and {b.node.shape}, or not in the same places")
    node = recorder.node("Add", (a.node, b.node), a.node.shape)
    return Value(recorder.record.numbers(node, step, a.image, a.channel, a.position),
                 input.factor)


def sub(recorder: Recorder, input: Operand, other: Operand, *, alpha: float = 1) -> Value:
    if isinstance(input, Value) and not isinstance(other, Value | Product):
        return add(recorder, input, -torch.as_tensor(other, dtype=torch.float32), alpha=alpha)
    raise CaptureError("a difference of two tensors")


def rsub(recorder: Recorder, input: Operand, other: Operand) -> Value:
    raise CaptureError("a tensor is taken off a constant: spikes are not negated")


def mul(recorder: Recorder, input: Operand, other: Operand) -> Value | Product:
    if not isinstance(input, Value | Product):
        input, other = other, input
    if not isinstance(other, Value | Product):
        return _scaled(recorder, input, torch.as_tensor(other, dtype=torch.float32))
    if isinstance(input, Product) or isinstance(other, Product):
        raise CaptureError("a matrix product is multiplied element by element")
    for values, gate in ((input, other), (other, input)):
        if gate.factor == 1 and (result := _gated(recorder, values, gate)) is not None:
            return result
    raise CaptureError("a product of two tensors of which none is spikes that fit the other: "
                       "channel by channel, head by head, or for all tokens")


def div(recorder: Recorder, input: Operand, other: Operand, *,
        rounding_mode: str | None = None) -> Value | Product:
    if isinstance(other, Value | Product) or rounding_mode:
        raise CaptureError("a division that is not by a constant")
    return mul(recorder, input, 1 / torch.as_tensor(other, dtype=torch.float64))


def mean(recorder: Recorder, input: Value, dim: Any = None, keepdim: bool = False,
         **kinds: Any) -> Value:
    return reduced(recorder, input, dim, keepdim, mean=True)


def total(recorder: Recorder, input: Value, dim: Any = None, keepdim: bool = False,
          **kinds: Any) -> Value:
    return reduced(recorder, input, dim, keepdim, mean=False)


def reduced(recorder: Recorder, value: Value, dim: Any, keepdim: bool, *, mean: bool) -> Value:
    """Sums or means over tokens, over time steps, or over the channels of heads."""
    if isinstance(value, Product):
        raise CaptureError("sums of a matrix product")
    ndim = value.numbers.ndim
    dims = range(ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = sorted({d % ndim for d in dims})
    kept = [d for d in range(ndim) if d not in dims]
    source = recorder.locate(value).map(
        lambda x: x.permute(*kept, *dims).flatten(len(kept)) if kept
        else x.flatten()[None])
    result = _collapsed(recorder, source, value.factor, mean)
    shape = [1 if d in dims else value.numbers.shape[d] for d in range(ndim)]
    return Value(result.numbers.reshape(shape if keepdim else [value.numbers.shape[d]
                                                                for d in kept]), result.factor)


def _collapsed(recorder: Recorder, source: Located, factor: float, mean: bool) -> Value:
    """Reduces the last axis, whatever it runs over."""
    count, node = source.channel.shape[-1], source.node
    step, image, channel, position = (bool((x != x[..., :1]).any()) for x in source.fields)
    if image:
        raise CaptureError("mixes the images of a batch")
    if channel and (step or position):
        raise CaptureError("sums over channels together with time steps or positions")
    each = 1
    if position:
        node, each = _summed(recorder, source, node, "TokenSum", node.positions, mean), (
            node.positions)
        source = Located(node, *source.fields[:3], torch.zeros_like(source.position))
    if step:
        node = _summed(recorder, source, node, "TimeSum", len(node.blocks), mean)
        each *= len(source.node.blocks)
        source = Located(node, torch.full_like(source.step, STATIC), *source.fields[1:])
    if channel:
        node = _heads(recorder, source, count, mean)
        each = count
        source = Located(node, source.step, source.image, source.channel // count,
                         source.position)
    if count % each:
        raise CaptureError("sums over a part of the tokens or time steps only")
    numbers = recorder.record.numbers(node, *(x[..., 0] for x in source.fields))
    return Value(numbers, factor if mean else factor * (count // each))


def _summed(recorder: Recorder, source: Located, node: Node, op: str, count: int,
            mean: bool) -> Node:
    field = source.position if op == "TokenSum" else source.step
    if ((field.sort(-1).values.diff(dim=-1) != 0).sum(-1) != count - 1).any():
        raise CaptureError("sums over a part of the tokens or time steps only")
    if op == "TokenSum":
        result = recorder.node(op, (node,), (node.channels, 1, 1), mean=mean)
        for step in source.steps:
            recorder.record.block(result, step)
        return result
    result = recorder.node(op, (node,), node.shape, mean=mean, steps=count)
    recorder.record.block(result, STATIC)
    return result


def _heads(recorder: Recorder, source: Located, count: int, mean: bool) -> Node:
    node = source.node
    channels = source.channel.sort(-1).values
    expected = channels[..., :1] + torch.arange(count)
    if not (channels == expected).all() or (channels[..., 0] % count).any() or (
            node.channels % count):
        raise CaptureError("sums over channels that are no heads: as many, side by side")
    result = recorder.node("HeadSum", (node,), (node.channels // count, *node.shape[1:]),
                           heads=node.channels // count, mean=mean)
    for step in source.steps:
        recorder.record.block(result, step)
    return result


def _scaled(recorder: Recorder, value: Value | Product, constant: Tensor) -> Value | Product:
    if constant.numel() == 1:
        factor = float(constant)
        if factor == 1:
            return value
        if factor > 0:
            return value.times(factor) if isinstance(value, Product) else (
                Value(value.numbers, value.factor * factor))
    if isinstance(value, Product):
        raise CaptureError("a matrix product times something else than a positive number")
    return affine(recorder, value, constant, None)


def _aligned(recorder: Recorder, input: Value, other: Value
             ) -> tuple[Located, Located, Tensor | None]:
    """Two values in their common shape, and the time step of their sum; None where it differs."""
    a, b = recorder.locate(input), recorder.locate(other)
    shape = torch.broadcast_shapes(a.step.shape, b.step.shape)
    a, b = (x.map(lambda field: field.expand(shape)) for x in (a, b))
    if not (a.image == b.image).all():
        raise CaptureError("mixes the images of a batch")
    step = torch.where(a.step == STATIC, b.step, a.step)
    other_step = torch.where(b.step == STATIC, a.step, b.step)
    running = any(x.node.op == "TimeSum" and y.node in x.node.inputs
                  for x, y in ((a, b), (b, a)))
    return a, b, None if running or not (step == other_step).all() else step


def _running_sum(recorder: Recorder, a: Located, b: Located, factor: float) -> Value:
    """A loop's sum over time steps, grown by one step."""
    if b.node.op == "TimeSum" and a.node in b.node.inputs:
        a, b = b, a
    steps = b.steps
    begun = a.node is b.node and a.steps == [0]
    grown = b.node in a.node.inputs and not a.node.params["mean"]
    so_far = 1 if begun else a.node.params["steps"] if grown else 0
    if not so_far or steps != [so_far]:
        raise CaptureError("adds tensors of different time steps")
    node = recorder.node("TimeSum", (b.node,), b.node.shape, mean=False, steps=so_far + 1)
    step = torch.full_like(b.step, STATIC)
    return Value(recorder.record.numbers(node, step, *b.fields[1:]), factor)


def _gated(recorder: Recorder, input: Value, other: Value) -> Value | None:
    values, gate, step = _aligned(recorder, input, other)
    if step is None or not gate.node.spikes or values.node.channels % gate.node.channels:
        return None
    share = values.node.channels // gate.node.channels
    everywhere = gate.node.positions == 1
    if not (values.channel // share == gate.channel).all() or not (
            everywhere or (values.position == gate.position).all()):
        return None
    node = recorder.node("Gate", (values.node, gate.node), values.node.shape,
                         spikes=values.node.spikes)
    return Value(recorder.record.numbers(node, step, values.image, values.channel,
                                         values.position), input.factor)


FUNCTIONS = {"add": add, "__add__": add, "__radd__": add, "__iadd__": add, "sub": sub,
             "rsub": rsub, "__rsub__": rsub,
             "mul": mul, "multiply": mul, "__mul__": mul, "__rmul__": mul, "div": div,
             "true_divide": div, "__truediv__": div, "mean": mean, "sum": total}
