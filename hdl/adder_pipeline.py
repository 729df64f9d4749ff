"""An adder graph as a circuit, a register behind every adder."""

from functools import cache, reduce
from itertools import product
from operator import and_, xor

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.adder_graph import AdderGraph, Term
from hdl.layout import shape_of
from ir import Interval

__all__ = ["AdderPipeline"]


class AdderPipeline(wiring.Component):
    """Sums of inputs, new ones with every step.

    Timing
    ------
    The outputs belong to the inputs of ``graph.levels`` steps before. Nothing moves without
    ``step``.

    Parameters
    ----------
    graph : :class:`AdderGraph`
    activation, result : :class:`Interval`
        Of each input and of all outputs.

    Members
    -------
    step
        The pipeline moves: copies of one signal, since no enable is a global net, one for each
        level. What is equal is at one level, and stays one register.
    x, o
        Inputs and outputs.
    """

    def __init__(self, graph: AdderGraph, activation: Interval, result: Interval):
        self.graph, self.activation = graph, activation
        super().__init__({
            "step": In(graph.levels),
            "x": In(data.ArrayLayout(shape_of(activation), graph.inputs)),
            "o": Out(data.ArrayLayout(shape_of(result), len(graph.outputs))),
        })

    def elaborate(self, platform):
        m = Module()
        nodes, inputs = self.graph.nodes, self.graph.inputs

        @cache
        def at(number: int, level: int) -> Value:
            """The value of a node, ``level`` registers behind the inputs."""
            node = nodes[number]
            if node.constant:
                return C(node.interval.low, shape_of(node.interval))
            if level == 0:
                return self.x[number]
            value = (at(number, level - 1) if level > node.level
                     else self._table(number) if node.leaves is not None
                     else _sum(*((at(term.node, level - 1), term) for term in node.terms)))
            register = Signal(shape_of(node.interval), name=f"n{number}_{level}", reset_less=True)
            with m.If(self.step[level - 1]):
                m.d.sync += register.eq(value)
            return register

        for number in self.graph.needed():
            if number >= inputs and not nodes[number].constant:
                at(number, nodes[number].level)
        m.d.comb += [self.o[n].eq(at(term.node, self.graph.levels) << term.shift)
                     for n, term in enumerate(self.graph.outputs)]
        return m

    def _table(self, number: int) -> Value:
        """A node that is any function of few bits, straight from the inputs."""
        nodes, shape = self.graph.nodes, shape_of(self.activation)
        leaves = sorted(nodes[number].leaves or ())

        half = 1 << shape.width - 1
        patterns = [bits if not shape.signed or bits < half else bits - 2 * half
                    for bits in range(1 << shape.width)]
        low, high = nodes[number].interval.low, nodes[number].interval.high
        # Patterns outside the activation's interval never come: any entry does.
        known = (dict(zip(reversed(leaves), found, strict=True))
                 for found in product(patterns, repeat=len(leaves)))
        values = [min(max(self.graph.value(number, inputs), low), high) for inputs in known]
        index = Cat(self.x[leaf] for leaf in leaves)
        return Cat(_function(index, [found >> bit & 1 for found in values])
                   for bit in range(shape_of(nodes[number].interval).width))


def _function(index: Value, bits: list[int]) -> Value:
    """``bits[index]`` as sums modulo 2 of products: Yosys makes resets and enables of choices."""
    for n in range(len(index)):
        bits = [bit ^ (bits[at ^ 1 << n] if at >> n & 1 else 0) for at, bit in enumerate(bits)]
    products = [reduce(and_, [index[n] for n in range(len(index)) if at >> n & 1], C(1, 1))
                for at, bit in enumerate(bits) if bit]
    return reduce(xor, products, C(0, 1))


def _sum(first: tuple[Value, Term], second: tuple[Value, Term]) -> Value:
    """The sum of two terms, the first not shifted; bits that nothing is added to pass by."""
    (a, a_term), (b, b_term) = first, second
    if a_term.minus:
        return (b << b_term.shift) - a
    shift, sign = b_term.shift, a[-1] if a.shape().signed else C(0)
    total = (a >> shift) - b if b_term.minus else (a >> shift) + b
    return Cat(a[:shift], *[sign] * (shift - len(a)), total)
