"""How a tensor's axes lie to the layer that is about to read it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from golden.capture.errors import CaptureError
from golden.capture.nodes import Located, Node
from golden.capture.recorder import Recorder, Value

__all__ = ["Maps", "Rows", "maps", "per_channel", "rows", "single"]


@dataclass(frozen=True)
class Maps:
    """A tensor ``[B, C, H, W]`` of whole maps in raster order: its node, and of which step and
    image each of the ``B`` is."""

    node: Node
    step: Tensor
    image: Tensor

    def numbers(self, recorder: Recorder, node: Node) -> Value:
        """The tensor of the same maps of another node."""
        channels, height, width = node.shape
        grid = torch.arange(channels)[:, None], torch.arange(height * width)[None]
        step, image = (x[:, None, None].expand(-1, channels, height * width)
                       for x in (self.step, self.image))
        return Value(recorder.record.numbers(node, step, image, *grid)
                     .unflatten(2, (height, width)))


def maps(recorder: Recorder, value: Value) -> Maps:
    """A value as maps; raises CaptureError where its axes are something else."""
    located = recorder.locate(value)
    channels, height, width = located.node.shape
    grid = torch.arange(channels * height * width).reshape(1, *located.node.shape)
    place = located.channel * located.node.positions + located.position
    if place.shape[1:] != grid.shape[1:] or not (place == grid).all():
        raise CaptureError(f"reads a tensor {tuple(value.numbers.shape)} whose axes are not image, "
                           "channel, row and column")
    step, image = (x.flatten(1) for x in (located.step, located.image))
    return Maps(located.node, single(step), single(image))


@dataclass(frozen=True)
class Rows:
    """A tensor whose last axis holds all channels of a position, or all values of a map.

    ``order`` says which channel, or value in the order channel, row, column, stands where.
    """

    located: Located
    order: Tensor

    @property
    def whole(self) -> bool:
        """Whether a row is a whole map."""
        return len(self.order) != self.located.node.channels

    def numbers(self, recorder: Recorder, node: Node) -> Value:
        """The tensor whose rows are those of another node."""
        step, image, position = (x[..., :1].expand(*x.shape[:-1], node.channels) for x in (
            self.located.step, self.located.image, self.located.position))
        if self.whole:
            position = torch.zeros_like(position)
        return Value(recorder.record.numbers(node, step, image, torch.arange(node.channels),
                                             position))


def rows(recorder: Recorder, value: Value, axis: int = -1) -> Rows:
    """A value as rows along an axis; raises CaptureError where it is something else."""
    located = recorder.locate(value).map(lambda x: x.movedim(axis, -1))
    node = located.node
    width = located.channel.shape[-1]
    where = [located.step, located.image]
    if width == node.channels:
        where.append(located.position)
        place = located.channel
    else:
        place = located.channel * node.positions + located.position
    flat = place.reshape(-1, width)
    order = flat[0]
    fits = width in (node.channels, node.channels * node.positions)
    if not fits or not (flat == order).all() or not (order.sort().values == torch.arange(width)
                                                     ).all():
        raise CaptureError(f"reads a tensor {tuple(value.numbers.shape)} whose axis {axis} is not "
                           "all channels of a position, nor all values of a map")
    for field in where:
        single(field.reshape(-1, width))
    return Rows(located, order)


def single(field: Tensor) -> Tensor:
    """The one value of each row."""
    if not (field == field[:, :1]).all():
        raise CaptureError("mixes time steps, images of a batch, or positions in one row")
    return field[:, 0]


def per_channel(located: Located, constant: Tensor) -> Tensor | None:
    """A constant by channel, if it is the same at every step, image and position; else None."""
    constant = constant.detach().to(torch.float32).expand(located.channel.shape)
    result = torch.zeros(located.node.channels)
    result[located.channel.flatten()] = constant.flatten()
    return result if (result[located.channel] == constant).all() else None
