"""The integer network: nodes in topological order on typed tensors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

from ir.ops import OPS, Op
from ir.tensors import Interval, TensorType

__all__ = ["IMAGE", "Encoding", "Graph", "Node", "pixels"]

IMAGE = "image"
"""The name of the tensor that enters every graph."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """What a pixel meant in training: ``x = (pixel * scale - mean) / std``.

    It is folded into the first layer already; kept so that float models are fed alike.
    """

    scale: Fraction = Fraction(1, 256)
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


@dataclass(frozen=True)
class Node:
    """One operator, the tensor that it makes (named as the node), and those that it reads."""

    name: str
    op: Op
    inputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Graph:
    """An integer network from pixels to logits.

    Parameters
    ----------
    name : str
    image : TensorType
        Pixels of one time step, or counts of events in frames, one per time step; from 0.
    nodes : tuple of Node
        In topological order; the last makes the logits, ``[1, classes, 1, 1]``.
    encoding : Encoding
    notes : mapping of str to str, int or float
        What its maker wants to keep with it: accuracies, preset name. No influence on results.
    activity : mapping of str to float
        Of some tensors the share of values that are not zero, 0 to 1, as measured on calibration
        images. Circuits are folded for it; no influence on results.

    Raises
    ------
    ValueError
        When a name is double or unknown, or an operator refuses its inputs; names the node.
    """

    name: str
    image: TensorType
    nodes: tuple[Node, ...]
    encoding: Encoding = field(default_factory=Encoding)
    notes: Mapping[str, str | int | float] = field(default_factory=dict)
    activity: Mapping[str, float] = field(default_factory=dict)
    types: Mapping[str, TensorType] = field(init=False)

    def __post_init__(self):
        if not self.nodes:
            raise ValueError(f"Graph {self.name!r} has no nodes")
        if self.image.interval.low != 0:
            raise ValueError(f"Graph {self.name!r} takes pixels from 0, not "
                             f"{self.image.interval}")
        types = {IMAGE: self.image}
        for node in self.nodes:
            types[node.name] = self._typed(node, types)
        logits = types[self.nodes[-1].name]
        if (logits.steps, logits.height, logits.width) != (1, 1, 1):
            raise ValueError(f"Graph {self.name!r} must end in one step of one position, "
                             f"not {logits.shape}")
        read = {name for node in self.nodes for name in node.inputs}
        if unread := [node.name for node in self.nodes[:-1] if node.name not in read]:
            raise ValueError(f"Nothing reads node {unread[0]!r}")
        object.__setattr__(self, "types", MappingProxyType(types))
        object.__setattr__(self, "notes", MappingProxyType(dict(self.notes)))
        for name, share in self.activity.items():
            if name not in types:
                raise ValueError(f"Graph {self.name!r} has an activity of {name!r}, which is no "
                                 "tensor of it")
            if not 0 <= share <= 1:
                raise ValueError(f"Activity of {name!r} must be 0 to 1, not {share}")
        object.__setattr__(self, "activity", MappingProxyType(dict(self.activity)))

    def _typed(self, node: Node, types: Mapping[str, TensorType]) -> TensorType:
        if not node.name.isidentifier():
            raise ValueError(f"Node name {node.name!r} is not a plain identifier")
        if node.name in types:
            raise ValueError(f"Two tensors are called {node.name!r}")
        if not isinstance(node.op, OPS):
            raise TypeError(f"Node {node.name!r} holds {type(node.op).__name__}, "
                            "which is no operator")
        if unknown := [name for name in node.inputs if name not in types]:
            raise ValueError(f"Node {node.name!r} reads {unknown[0]!r}, which is not made "
                             "before it")
        try:
            return node.op.output(*(types[name] for name in node.inputs))
        except ValueError as error:
            raise ValueError(f"Node {node.name!r}: {error}") from error
        except TypeError as error:
            raise TypeError(f"Node {node.name!r}: {type(node.op).__name__} does not take "
                            f"{len(node.inputs)} inputs") from error

    @property
    def logits(self) -> TensorType:
        return self.types[self.nodes[-1].name]

    @property
    def classes(self) -> int:
        return self.logits.channels

    def readers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read tensor ``name``, in order."""
        return tuple(node for node in self.nodes if name in node.inputs)


def pixels(channels: int, height: int, width: int) -> TensorType:
    """The type of an image of 8-bit pixels."""
    return TensorType(steps=1, channels=channels, height=height, width=width,
                      interval=Interval(0, 255))
