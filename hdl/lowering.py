# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""From a graph to components: how each node is built, and how each tensor travels."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hdl.area import Area
from hdl.layout import Layout
from hdl.ops import LOWERINGS, ConvFolding, ConvForm, Folding
from hdl.pixel_input import row_positions
from hdl.shortcuts import Shortcut, buffers
from ir import IMAGE, Graph, Node
from ir.ops import (
    Conv,
    DepthwiseConv,
    LevelLif,
    Lif,
    MaskAttention,
    MaxPool,
    ParallelNeuron,
    SelfAttention,
    SumPool,
    Upsample,
)

__all__ = ["Known", "Lowering", "Stage", "edges", "lower", "port_name", "relays"]

BUFFERED = (Conv, DepthwiseConv, MaxPool, ParallelNeuron, SelfAttention, SumPool)
"""Operators with a buffer at the output: being asked there is no matter of what comes before."""

COLLECTING = (*BUFFERED, MaskAttention, Upsample)
"""Operators with memory between input and output. All others ask for a beat of input in the cycle
in which they are asked for one of output."""

NEURONS = (Lif, LevelLif)


@dataclass(frozen=True, eq=False)
class Stage:
    """A node's component, and what it costs: computed once."""

    component: Any

    @cached_property
    def area(self) -> Area:
        return self.component.area()

    def service(self, inputs: tuple[np.ndarray, ...]) -> float:
        """Cycles per image on ``inputs``, ``[N, T, C, H, W]``, never waiting for another stage."""
        return self.component.timing(*inputs).service()


Known = dict[tuple[str, Folding | None, tuple[Layout, ...]], Stage]
"""Stages by node, folding and cut of the inputs: making one takes time."""


def edges(graph: Graph, name: str) -> list[tuple[Node, int]]:
    """Who reads a tensor: nodes, and which of their inputs it is."""
    return [(node, port) for node in graph.nodes for port, source in enumerate(node.inputs)
            if source == name]


def port_name(node: Node, port: int) -> str:
    """The name of the stream that is a node's input ``port``."""
    return "ab"[port] if len(node.inputs) > 1 else "i"


def relays(graph: Graph, name: str, component: Any = None) -> bool:
    """Whether a tensor passes through a relay, to end paths of ready signals.

    They would run through a fork, and through operators that ask when they are asked. Behind a
    neuron, where beats are narrowest, they would only come from afar. A ``component`` that ends
    with a relay says so, and gets no other.
    """
    if getattr(component, "relayed", False):
        return False
    readers = edges(graph, name)
    made = [node.op for node in graph.nodes if node.name == name]
    passing = bool(made) and not isinstance(made[0], BUFFERED)
    return len(readers) > 1 or (passing and any(
        isinstance(made[0], NEURONS) or not isinstance(node.op, COLLECTING)
        for node, _ in readers))


def lower(node: Node, inputs: tuple[Layout, ...], folding: Folding | None,
          known: Known) -> Stage:
    """The stage of a node, made unless it is ``known``, where it is then added.

    Raises ValueError, naming the node, for a folding or a cut that its component cannot have.
    """
    key = node.name, folding, inputs
    if key not in known:
        try:
            known[key] = Stage(LOWERINGS[type(node.op)](node, list(inputs), folding))
        except ValueError as error:
            raise ValueError(f"Node {node.name!r}: {error}") from error
    return known[key]


class Lowering:
    """The component of every node of a graph, and the layout of every tensor.

    Raises ValueError, naming the node, for a folding or a cut that a component cannot have.

    Parameters
    ----------
    graph : Graph
    foldings : mapping of str to Folding
        For every node that has a folding, and buffers against bursts by edge.
    known : dict, optional
        Stages made before, of the same graph; new ones are added.

    Attributes
    ----------
    stages : dict of str to Stage
    layouts : dict of str to Layout
    buffers : dict of tuple of str and int to Shortcut
        Those in front of an input, by node and port.
    """

    def __init__(self, graph: Graph, foldings: Mapping[str, Folding],
                 known: Known | None = None):
        self.graph, self.foldings = graph, foldings
        self.layouts = {IMAGE: self._image()}
        self.buffers: dict[tuple[str, int], Shortcut] = {
            (each.reader, each.port): each for each in buffers(graph, foldings)}
        self.stages: dict[str, Stage] = {}
        known = {} if known is None else known
        for node in graph.nodes:
            inputs = tuple(self.layouts[name] for name in node.inputs)
            stage = lower(node, inputs, foldings.get(node.name), known)
            self.stages[node.name] = stage
            self.layouts[node.name] = stage.component.out

    def _image(self) -> Layout:
        """Pixel by pixel, or, where a folded convolution takes them so, as they come in."""
        image = self.graph.image
        foldings = [self.foldings.get(node.name) for node, _ in edges(self.graph, IMAGE)]
        if len(foldings) == 1 and isinstance(foldings[0], ConvFolding) and (
                foldings[0].form is ConvForm.FOLDED and foldings[0].scan > 1):
            wide = row_positions(image)
            if foldings[0].scan != wide:
                raise ValueError(f"A folded convolution takes 1 pixel at a time"
                                 f"{f' or {wide}' if wide else ''}, not {foldings[0].scan}")
            return Layout(image, image.channels, image.channels, wide)
        return Layout(image, image.channels, 1)
