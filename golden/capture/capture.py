"""A foreign torch model as a network of layers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from golden.capture import attention, sums, synapses, windows
from golden.capture.build import build
from golden.capture.errors import CaptureError
from golden.capture.neurons import handler
from golden.capture.nodes import STATIC, Node, Record
from golden.capture.recorder import Recorder, Value
from golden.capture.rewrite import rewritten
from golden.capture.sums import reduced
from golden.capture.synapses import settled
from golden.net import Net
from ir import IMAGE, Encoding, Interval, TensorType

__all__ = ["capture", "run"]

TRACED = 2
"""Images that are run: two, so that what mixes the images of a batch is noticed."""

FUNCTIONS = synapses.FUNCTIONS | sums.FUNCTIONS | attention.FUNCTIONS | windows.FUNCTIONS


@torch.no_grad()
def capture(model: nn.Module, images: np.ndarray, *, steps: int | None = None,
            scale: float | Fraction = Fraction(1, 255), mean: float | Sequence[float] = 0.0,
            std: float | Sequence[float] = 1.0) -> Net:
    """The network that a trained SpikingJelly model computes, found by running it.

    The model is any module of SpikingJelly's neurons and torch's layers, and is left as it was. It
    computes in evaluation mode on ``(image * scale - mean) / std``. Logits of several time steps,
    ``[T, N, classes]``, are averaged.

    Parameters
    ----------
    model : nn.Module
    images : uint8 array ``[N, C, H, W]``, or ``[N, T, C, H, W]`` of event frames
        The first two are run; no result depends on their values.
    steps : int, optional
        For a model that does not make its own time steps: its input is repeated, as
        ``[T, N, C, H, W]`` where its neurons take several steps at once, else call by call.
    scale, mean, std
        What the model was trained on; one number, or one per channel.

    Raises
    ------
    CaptureError
        For what no operator computes; names the module and says why.
    TypeError, ValueError
        For something else than a module, or images of another kind.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"A torch module can be captured, not {type(model).__name__}")
    if images.dtype != np.uint8 or images.ndim not in (4, 5) or not len(images):
        raise ValueError(f"Images must be uint8 [N, C, H, W] or [N, T, C, H, W], not "
                         f"{images.dtype} {list(images.shape)}")
    encoding = _encoding(scale, mean, std)
    net = Net(_image(images), encoding)
    pixels = torch.from_numpy(np.ascontiguousarray(np.resize(images[:TRACED], (
        TRACED, *images.shape[1:]))))
    record = Record(TRACED)
    recorder = Recorder(record, FUNCTIONS)
    source = Node(IMAGE, (), images.shape[-3:], "")
    frames = range(images.shape[1]) if images.ndim == 5 else [STATIC]
    numbers = [record.whole(source, step) for step in frames]
    x = encoded(pixels, encoding)
    recorder.values[x] = Value(torch.stack(numbers) if images.ndim == 5 else numbers[0])
    with _evaluating(model):
        hooks = recorder.watch(model, handler)
        try:
            with recorder:
                logits = run(model, x, steps)
        except (IndexError, RuntimeError, ValueError) as error:
            if steps is None and not isinstance(error, CaptureError):
                error.add_note("If the model does not make its own time steps, give steps")
            raise
        finally:
            for hook in hooks:
                hook.remove()
    build(net, rewritten(_output(recorder, logits)))
    return net


def encoded(images: Tensor, encoding: Encoding) -> Tensor:
    """What a model reads, ``[N, C, H, W]``, or ``[T, N, C, H, W]`` of event frames."""
    mean, std = (torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)
                 for values in (encoding.mean, encoding.std))
    x = (images.to(torch.float32) * float(encoding.scale) - mean) / std
    return x.transpose(0, 1).contiguous() if x.ndim == 5 else x


def run(model: nn.Module, x: Tensor, steps: int | None) -> Tensor:
    """Logits of what a model reads, ``[N, classes]`` or ``[T, N, classes]``."""
    if steps is None:
        return _logits(model(x))
    if x.ndim == 5:
        raise ValueError("Event frames have their own time steps: leave out steps")
    if _takes_steps(model):
        return _logits(model(x.unsqueeze(0).repeat(steps, 1, 1, 1, 1)))
    return torch.stack([_logits(model(x)) for _ in range(steps)])


def _takes_steps(model: nn.Module) -> bool:
    """Whether a model's neurons, or what runs them, take several time steps at once."""
    modes = [getattr(module, "step_mode", None) for module in model.modules()
             if handler(module) is not None]
    contained = any(type(module).__name__ == "MultiStepContainer" for module in model.modules())
    return contained or "m" in modes


def _logits(result: Any) -> Tensor:
    if isinstance(result, tuple | list):
        result = next((x for x in result if isinstance(x, Tensor)), None)
    if not isinstance(result, Tensor):
        raise CaptureError("does not return a tensor of logits", "")
    return result


def _output(recorder: Recorder, logits: Tensor) -> Node:
    try:
        value = recorder.values.get(logits)
        if not isinstance(value, Value):
            raise CaptureError("does not return logits that its layers made", "")
        if value.numbers.ndim == 3:
            value = reduced(recorder, value, 0, False, mean=True)
        value = settled(recorder, value)
        located = recorder.locate(value)
        classes = torch.arange(located.node.channels)
        if value.numbers.ndim != 2 or located.node.positions != 1 or not (
                located.channel == classes).all():
            raise CaptureError(f"returns {tuple(value.numbers.shape)}, not logits [N, classes]")
        return located.node
    except CaptureError as error:
        error.path = error.path or ""
        raise


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and fresh states, and afterwards the modes that there were."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    _reset(model)
    try:
        yield
    finally:
        _reset(model)
        for module, training in modes.items():
            module.training = training


def _reset(model: nn.Module) -> None:
    for module in model.modules():
        reset: Any = getattr(module, "reset", None)
        if reset is not None and hasattr(module, "_memories"):
            reset()


def _image(images: np.ndarray) -> TensorType:
    channels, height, width = images.shape[-3:]
    return TensorType(steps=images.shape[1] if images.ndim == 5 else 1, channels=channels,
                      height=height, width=width, interval=Interval(0, 255))


def _encoding(scale: float | Fraction, mean: float | Sequence[float],
              std: float | Sequence[float]) -> Encoding:
    """Numbers as the graph keeps them; a scale is a ratio of whole numbers."""
    def each(values: float | Sequence[float]) -> tuple[float, ...]:
        return tuple(map(float, values)) if isinstance(values, Sequence) else (float(values),)
    fraction = Fraction(scale).limit_denominator(1 << 16)
    return Encoding(scale=fraction, mean=each(mean), std=each(std))
