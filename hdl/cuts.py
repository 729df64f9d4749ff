"""Which tensors must be cut alike, and into which blocks they can be cut."""

from dataclasses import dataclass, field
from math import gcd

from ir import IMAGE, Graph, Node
from ir.ops import Conv, Gate, HeadSum, SelfAttention, Slice

__all__ = ["Cuts"]


@dataclass(eq=False)
class Cuts:
    """Groups of tensors that have one cut, since operators hand it on or join streams of it.

    Parameters
    ----------
    graph : Graph
    """

    graph: Graph
    _parent: dict[str, str] = field(init=False)
    _limit: dict[str, int] = field(init=False)

    def __post_init__(self):
        graph = self.graph
        self._parent = {name: name for name in graph.types}
        self._limit = {name: kind.channels for name, kind in graph.types.items()}
        for node in graph.nodes:
            for name in self._alike(node):
                self._join(node.name, name)
        for node in graph.nodes:
            self._restrict(node)

    def group(self, name: str) -> str:
        """The tensor that stands for all that are cut like tensor ``name``; the image is alone."""
        return self._root(name)

    def limit(self, name: str) -> int:
        """What every block of tensor ``name`` must divide."""
        return self._limit[self._root(name)]

    def writers(self, name: str) -> tuple[str, ...]:
        """The convolutions whose output has the cut of tensor ``name``, in order."""
        root = self._root(name)
        return tuple(node.name for node in self.graph.nodes
                     if isinstance(node.op, Conv) and self._root(node.name) == root)

    def _alike(self, node: Node) -> tuple[str, ...]:
        """The inputs whose cut is the output's."""
        types = self.graph.types
        match node.op:
            case Conv() | SelfAttention() | HeadSum():
                return ()
            case Gate():
                a, gate = node.inputs
                return (a, gate) if types[a].channels == types[gate].channels else (a,)
            case _:
                return node.inputs

    def _restrict(self, node: Node) -> None:
        types = self.graph.types
        a = types[node.inputs[0]]
        match node.op:
            case Slice(start=start):
                self._divide(node.name, start)
            case SelfAttention(parts=parts):
                self._divide(node.inputs[0], a.channels // parts)
            case HeadSum(heads=heads):
                self._divide(node.inputs[0], a.channels // heads)
            case Gate():
                gates = types[node.inputs[1]].channels
                if gates != a.channels:
                    self._divide(node.name, a.channels // gates)

    def _divide(self, name: str, count: int) -> None:
        root = self._root(name)
        self._limit[root] = gcd(self._limit[root], count)

    def _root(self, name: str) -> str:
        while self._parent[name] != name:
            name = self._parent[name]
        return name

    def _join(self, a: str, b: str) -> None:
        first, second = self._root(a), self._root(b)
        if first == second or IMAGE in (first, second):
            return
        self._parent[first] = second
        self._limit[second] = gcd(self._limit[first], self._limit[second])
