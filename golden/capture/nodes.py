"""What a model computed while it ran: nodes, and the values that they made, one by one.

Every value of every node has a number of its own. A tensor of the running model is traced by the
numbers of its values, so that whatever only moves values (reshape, permute, chunk, stack, a loop
over time steps) moves the numbers with the same torch function, and needs no rule of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from golden.capture.errors import CaptureError

__all__ = ["STATIC", "Located", "Node", "Record", "Shape"]

STATIC = -1
"""The time step of values that are the same at every step: the image and what is made of it."""

Shape = tuple[int, int, int]
"""Channels, height and width."""


@dataclass(eq=False)
class Node:
    """One layer with what it reads; ``op`` is the name of a class in :mod:`golden.layers`.

    Parameters
    ----------
    op : str
    inputs : tuple of Node
    shape : Shape
    path : str
        Of the module that was running.
    params : mapping
        The layer's arguments and, under ``weight`` and ``bias``, its weights.
    spikes : bool
        Whether its values are 0 and 1.
    blocks : dict of time step to the number of the step's first value
    serial : int
        Nodes stand in this order where they do not read each other.
    """

    op: str
    inputs: tuple["Node", ...]
    shape: Shape
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    spikes: bool = False
    blocks: dict[int, int] = field(default_factory=dict)
    serial: int = 0

    @property
    def channels(self) -> int:
        return self.shape[0]

    @property
    def positions(self) -> int:
        return self.shape[1] * self.shape[2]

    @property
    def static(self) -> bool:
        return STATIC in self.blocks


@dataclass(frozen=True)
class Located:
    """Where the values of a tensor come from: one node, and coordinates in the tensor's shape.

    ``position`` is the raster position.
    """

    node: Node
    step: Tensor
    image: Tensor
    channel: Tensor
    position: Tensor

    @property
    def steps(self) -> list[int]:
        return [step + STATIC for step in _present(self.step - STATIC)]

    @property
    def fields(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.step, self.image, self.channel, self.position

    def map(self, function: Callable[[Tensor], Tensor]) -> "Located":
        """The same values, rearranged by a function of tensors."""
        return Located(self.node, *map(function, self.fields))


class Record:
    """The nodes of a run on ``images`` images, and the numbers of their values."""

    def __init__(self, images: int):
        self.images = images
        self._keys: dict[Any, Node] = {}
        self._starts: list[int] = []
        self._blocks: list[tuple[Node, int]] = []
        self._end = 0

    def node(self, op: str, inputs: tuple[Node, ...], shape: Shape, path: str, *,
             spikes: bool = False, **params: Any) -> Node:
        """The node that computes this: one that was recorded before, or a new one.

        What a loop over time steps computes again and again is thus one node, and neurons that are
        alike and read the same are one layer.
        """
        key = (op, tuple(map(id, inputs)), _key(params))
        if key not in self._keys:
            self._keys[key] = Node(op, inputs, shape, path, params, spikes,
                                   serial=len(self._keys) + 1)
        return self._keys[key]

    def block(self, node: Node, step: int) -> int:
        """The number of the first value of a node's step."""
        if node.blocks and (step == STATIC) != node.static:
            raise CaptureError("is computed once, and at every time step too", node.path)
        if step not in node.blocks:
            node.blocks[step] = self._end
            self._starts.append(self._end)
            self._blocks.append((node, step))
            self._end += self.images * node.channels * node.positions
        return node.blocks[step]

    def whole(self, node: Node, step: int) -> Tensor:
        """The numbers of all values of a step, ``[N, C, H, W]``."""
        count = self.images * node.channels * node.positions
        return (self.block(node, step) + torch.arange(count)).reshape(self.images, *node.shape)

    def numbers(self, node: Node, step: Tensor, image: Tensor, channel: Tensor,
                position: Tensor) -> Tensor:
        """The numbers of a node's values at these coordinates, which broadcast."""
        steps = _present(step - STATIC)
        starts = torch.zeros(steps[-1] + 1, dtype=torch.int64)
        for one in steps:
            starts[one] = self.block(node, one + STATIC)
        return starts[step - STATIC] + (image * node.channels + channel) * node.positions + position

    def locate(self, numbers: Tensor) -> Located:
        """The one node whose values these are; channels of several nodes are put together first.

        Raises CaptureError for a mixture that is no layer's output.
        """
        numbers = numbers.contiguous()
        block = torch.bucketize(numbers, torch.tensor(self._starts), right=True) - 1
        nodes = list({id(node): node for node, _ in (self._blocks[i]
                                                     for i in _present(block))}.values())
        if len(nodes) > 1:
            return self._joined(numbers, block, nodes)
        node = nodes[0]
        step = torch.tensor([step for _, step in self._blocks])[block]
        local = numbers - torch.tensor(self._starts)[block]
        positions = node.positions
        return self._part(Located(node, step, local // (node.channels * positions),
                                  local // positions % node.channels, local % positions))

    def concat(self, nodes: list[Node], steps: list[int]) -> Node:
        """Channels of nodes side by side; slices of one node that follow each other are that."""
        sources = {id(node.inputs[0]): node.inputs[0] for node in nodes if node.op == "Slice"}
        if len(sources) == 1 and all(node.op == "Slice" for node in nodes):
            (source,) = sources.values()
            stops = [0, *(node.params["stop"] for node in nodes)]
            starts = [*(node.params["start"] for node in nodes), source.channels]
            if starts == stops:
                return source
        result = nodes[0]
        for node in nodes[1:]:
            if node.shape[1:] != result.shape[1:]:
                raise CaptureError(f"maps of {result.shape[1:]} and {node.shape[1:]} are put "
                                   "side by side", node.path)
            result = self.node("Concat", (result, node),
                               (result.channels + node.channels, *node.shape[1:]), node.path,
                               spikes=result.spikes and node.spikes)
            for step in steps:
                self.block(result, step)
        return result

    def _part(self, located: Located) -> Located:
        """Of a slice, the node that makes it; refuses other parts of a node's values."""
        node, path = located.node, located.node.path
        if len(_present(located.position)) != node.positions:
            raise CaptureError("only some positions of its output are read", path)
        channels = _present(located.channel)
        if len(channels) == node.channels:
            return located
        start, stop = channels[0], channels[-1] + 1
        if len(channels) != stop - start:
            raise CaptureError("channels of its output are read that do not lie side by side",
                               path)
        part = self.node("Slice", (node,), (stop - start, *node.shape[1:]), path,
                         spikes=node.spikes, start=start, stop=stop)
        for step in located.steps:
            self.block(part, step)
        return Located(part, located.step, located.image, located.channel - start,
                       located.position)

    def _joined(self, numbers: Tensor, block: Tensor, nodes: list[Node]) -> Located:
        """The channels of several nodes side by side, in the order in which they appear."""
        ranks = {id(node): i for i, node in enumerate(nodes)}
        owner = torch.tensor([ranks.get(id(node), -1) for node, _ in self._blocks])[block]
        parts = [self.locate(numbers[owner == i]) for i in range(len(nodes))]
        steps = parts[0].steps
        if any(part.steps != steps for part in parts):
            raise CaptureError("tensors of different time steps are put side by side")
        first = [int((owner == i).flatten().nonzero()[0]) for i in range(len(nodes))]
        order = sorted(range(len(nodes)), key=first.__getitem__)
        joined = self.concat([parts[i].node for i in order], steps)
        fields = [torch.zeros_like(numbers) for _ in range(4)]
        offset = 0
        for i in order:
            part = parts[i]
            shifted = (part.step, part.image, part.channel + offset, part.position)
            for target, values in zip(fields, shifted, strict=True):
                target[owner == i] = values
            offset += part.node.channels
        return Located(joined, *fields)


def _present(numbers: Tensor) -> list[int]:
    """The different numbers of a tensor of numbers from 0, in order."""
    return torch.bincount(numbers.flatten()).nonzero().flatten().tolist()


def _key(params: Mapping[str, Any]) -> tuple:
    return tuple((name, (value.shape, sha256(value.numpy().tobytes()).digest())
                  if isinstance(value, Tensor) else value)
                 for name, value in sorted(params.items()))
