"""What a graph of adders takes: a bit that is computed twice is one, as synthesis finds."""

from functools import cache
from itertools import product

from hdl.adder_graph import AdderGraph, Node

__all__ = ["adder_cells", "output_bits"]

Bit = tuple
"""What a bit is a function of; equal for equal functions of equal bits, as far as is seen."""

CONSTANT = ("constant",)


@cache
def adder_cells(graph: AdderGraph) -> tuple[int, int]:
    """LUTs and flip-flops: a LUT for every bit of a table, and for every bit of an adder that
    something is added to, with one for its carry; registers where values wait."""
    until = _waits(graph)
    bits: dict[int, list[Bit]] = {}
    tables, registers, adders = set(), set(), 0
    for number, last in until.items():
        node = graph.nodes[number]
        if node.leaves is not None:
            bits[number] = _table(graph, number)
            tables |= set(bits[number]) if node.terms else set()
        else:
            bits[number] = _sum(number, node, bits)
            adders += _added(graph, node)
        registers |= {(bit, level) for level in range(max(1, node.level), last + 1)
                      for bit in bits[number]}
    return (len(tables - {CONSTANT}) + adders,
            sum(bit is not CONSTANT for bit, _ in registers))


def output_bits(graph: AdderGraph) -> int:
    """Bits of all outputs, each as wide as its own values."""
    return sum(graph.nodes[term.node].interval.bits + term.shift for term in graph.outputs)


def _waits(graph: AdderGraph) -> dict[int, int]:
    """The last level at which each needed node is asked for; terms come before their sums."""
    until = dict.fromkeys(graph.needed(), 0)
    for term in graph.outputs:
        until[term.node] = graph.levels
    for number in reversed(until):
        node = graph.nodes[number]
        if node.leaves is None:
            for term in node.terms:
                until[term.node] = max(until[term.node], node.level - 1)
    return until


def _table(graph: AdderGraph, number: int) -> list[Bit]:
    """Each bit as the inputs that it depends on and its truth table over them."""
    leaves = sorted(graph.nodes[number].leaves or ())
    activation = graph.nodes[0].interval
    values = range(activation.low, activation.high + 1)
    found = [(inputs, graph.value(number, dict(zip(leaves, inputs, strict=True))))
             for inputs in product(values, repeat=len(leaves))]
    return [_function(leaves, {inputs: value >> bit & 1 for inputs, value in found})
            for bit in range(graph.nodes[number].interval.bits)]


def _function(leaves: list[int], truth: dict[tuple[int, ...], int]) -> Bit:
    for at in reversed(range(len(leaves))):
        without = {inputs[:at] + inputs[at + 1:]: bit for inputs, bit in truth.items()}
        if all(without[inputs[:at] + inputs[at + 1:]] == bit for inputs, bit in truth.items()):
            leaves, truth = leaves[:at] + leaves[at + 1:], without
    return (tuple(leaves), tuple(truth.values())) if leaves else CONSTANT


def _sum(number: int, node: Node, bits: dict[int, list[Bit]]) -> list[Bit]:
    """Each bit by name, but those that pass by and the lowest that is added, which no sign
    changes."""
    found: list[Bit] = [(number, bit) for bit in range(node.interval.bits)]
    if not node.terms:
        return found
    first, second = node.terms
    low, high, shift = bits[first.node], bits[second.node], second.shift
    if not first.minus:
        passing = low[:shift] + [CONSTANT] * (shift - len(low))
        found[:shift] = passing[:len(found)]
    if shift < len(low) and shift < len(found) and (not first.minus or shift == 0):
        found[shift] = ("odd", frozenset((low[shift], high[0])))
    return found


def _added(graph: AdderGraph, node: Node) -> int:
    """LUTs of an adder."""
    if not node.terms:
        return 0
    first, second = node.terms
    low = graph.nodes[first.node].interval
    if not (first.minus or second.minus or low.signed) and second.shift >= low.bits:
        return 0
    return node.interval.bits - (0 if first.minus else second.shift) + 1
