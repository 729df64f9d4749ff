"""Where branches meet: how much the shorter one must hold, so that nothing can lock up."""

from collections.abc import Mapping
from dataclasses import dataclass

from hdl.window import Window
from ir import Graph, Node, TensorType
from ir.ops import Add, Conv, MaskAttention, SelfAttention

__all__ = ["Shortcut", "shortcuts"]


@dataclass(frozen=True)
class Shortcut:
    """A buffer on the edge from tensor ``source`` into node ``reader``.

    ``least`` positions keep the circuit from locking up; ``positions`` let the longer branch run
    at full speed.
    """

    source: str
    reader: str
    least: int
    positions: int


def shortcuts(graph: Graph) -> tuple[Shortcut, ...]:
    """The buffers that a graph needs, by node.

    The argument: a join waits for position ``j`` of both branches. The longer branch needs its
    input up to position ``need(j)`` for that, and can take it in, since every engine holds what
    its next output needs and all outputs before ``j`` were taken. The fork stops only when the
    shorter branch is full; with room for ``max(need(j) - j) + 1`` positions it holds everything
    from ``j`` to ``need(j)`` without being full, so position ``j`` always arrives. By induction
    over ``j`` the join never stops for good.

    Raises ValueError for branches that meet in a way this argument does not cover.
    """
    found = []
    nodes = {node.name: node for node in graph.nodes}
    for node in graph.nodes:
        if not isinstance(node.op, Add):
            continue
        paths = [_path(graph, nodes, name) for name in node.inputs]
        forks = [{name for name, _ in path} for path in paths]
        common = [name for name, _ in paths[0] if name in forks[1]]
        if not common:
            raise ValueError(f"Node {node.name!r} joins branches that do not come from one "
                             "tensor; only shortcuts around a chain can be built")
        lags = [_lag(graph.types, path, common[0]) for path in paths]
        short, long = sorted((0, 1), key=lambda n: lags[n])
        least = lags[long][0] - lags[short][0] + 1
        found.append(Shortcut(node.inputs[short], node.name, least, least + lags[long][1]))
    return tuple(found)


def _path(graph: Graph, nodes: Mapping[str, Node], name: str) -> list[tuple[str, list[Node]]]:
    """The tensors upstream of ``name``, and for each the nodes from it to ``name``."""
    path, chain = [(name, [])], []
    while name in nodes:
        node = nodes[name]
        # Behind a join, what came before it is the same for both of its inputs.
        chain = [node, *chain]
        name = node.inputs[0]
        path.append((name, chain))
    return path


def _lag(types: Mapping[str, TensorType], path: list[tuple[str, list[Node]]],
         source: str) -> tuple[int, int]:
    """How far the input of a chain must be ahead of its output, and what more keeps it busy.

    Both in positions of its source; raises ValueError when the chain changes their number.
    """
    chain = dict(path)[source]
    ahead = busy = 0
    for node in chain:
        a, out = types[node.inputs[0]], types[node.name]
        if a.positions != out.positions:
            raise ValueError(f"Node {node.name!r} changes the number of positions between a fork "
                             "and its join")
        if isinstance(node.op, MaskAttention | SelfAttention):
            ahead += a.positions - 1
            busy += a.positions
        if isinstance(node.op, Conv):
            window = Window.of(node.op, a)
            ahead += max(window.need(y, x) - (y * window.out_columns + x)
                         for y in range(window.out_rows) for x in range(window.out_columns))
            busy += 4
    return ahead, busy
