# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""All operators of a graph, connected."""

from collections.abc import Mapping

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.fifo import Fifo
from hdl.fork import Fork
from hdl.layout import Layout
from hdl.ops import LOWERINGS, Folding
from hdl.relay import Relay
from hdl.shortcuts import Shortcut, shortcuts
from ir import IMAGE, Graph
from ir.ops import Add, Lif, MaskAttention, Repeat, TimeSum, TokenSum

__all__ = ["Network"]

PASSING = (Add, Lif, MaskAttention, Repeat, TimeSum, TokenSum)
"""Operators whose output asks for a beat in the cycle in which it is asked for one."""

ASKING = (Add, Lif, Repeat, TimeSum, TokenSum)
"""Operators whose input asks for a beat in the cycle in which their output is asked for one."""


class Network(wiring.Component):
    """The pipeline from pixels to logits, one component per node.

    Each tensor ``x`` shows as ``probe_x_fire`` and ``probe_x_data`` for simulation to look at:
    a beat moves in every cycle in which ``fire`` is high.

    Timing
    ------
    As its slowest stage; see :mod:`hdl.timing`.

    Parameters
    ----------
    graph : :class:`Graph`
    foldings : mapping of str to Folding
        For every node that has a folding.

    Members
    -------
    i, o
        Pixels in, logits out.

    Attributes
    ----------
    layouts : dict of str to :class:`Layout`
        How each tensor travels.
    """

    def __init__(self, graph: Graph, foldings: Mapping[str, Folding]):
        self.graph, self.foldings = graph, foldings
        self.layouts = {IMAGE: Layout(graph.image, graph.image.channels, 1)}
        self.components: dict[str, wiring.Component] = {}
        for node in graph.nodes:
            inputs = [self.layouts[name] for name in node.inputs]
            try:
                component = LOWERINGS[type(node.op)](node, inputs, foldings.get(node.name))
            except ValueError as error:
                raise ValueError(f"Node {node.name!r}: {error}") from error
            self.components[node.name] = component
            self.layouts[node.name] = component.out
        super().__init__({
            "i": In(self.layouts[IMAGE].signature()),
            "o": Out(self.layouts[graph.nodes[-1].name].signature()),
        })

    @property
    def shortcuts(self) -> tuple[Shortcut, ...]:
        return shortcuts(self.graph)

    def elaborate(self, platform):
        m = Module()
        for name, component in self.components.items():
            m.submodules[name] = component
        sources = {IMAGE: wiring.flipped(self.i)}
        sources |= {name: component.o for name, component in self.components.items()}
        buffers = {(s.source, s.reader): s for s in self.shortcuts}
        for name, source in sources.items():
            self._probe(m, name, source)
            readers = self._readers(name)
            if self.relays(name):
                source = self._behind(m, f"{name}_relay", Relay(self.layouts[name].payload), source)
            if len(readers) > 1:
                m.submodules[f"{name}_fork"] = fork = Fork(
                    self.layouts[name].payload, len(readers))
                wiring.connect(m, source, fork.i)
                outputs = [getattr(fork, f"o{n}") for n in range(len(readers))]
            else:
                outputs = [source]
            for (reader, port), output in zip(readers, outputs, strict=True):
                if shortcut := buffers.get((name, reader)):
                    depth = shortcut.positions * self.layouts[name].position_beats
                    payload = self.layouts[name].payload
                    output = self._behind(m, f"{reader}_shortcut", Fifo(payload, max(2, depth)),
                                          output)
                    # A block RAM answers late in its cycle: registers take it over.
                    output = self._behind(m, f"{reader}_shortcut_relay", Relay(payload), output)
                wiring.connect(m, output, port)
        return m

    def relays(self, name: str) -> bool:
        """Whether a tensor passes through a relay, to end paths of ready signals.

        They would run through a fork, and through operators that ask when they are asked.
        """
        readers = self.graph.readers(name)
        ops = {node.name: node.op for node in self.graph.nodes}
        return len(readers) > 1 or (isinstance(ops.get(name), PASSING)
                                    and any(isinstance(node.op, ASKING) for node in readers))

    @staticmethod
    def _behind(m, title, component, source):
        """The stream that comes out of ``component`` when ``source`` goes in."""
        m.submodules[title] = component
        wiring.connect(m, source, component.i)
        return component.o

    def _readers(self, name):
        """The names and input ports that read a tensor."""
        found = []
        for node in self.graph.nodes:
            ports = ["i"] if len(node.inputs) == 1 else ["a", "b"]
            found += [(node.name, getattr(self.components[node.name], port))
                      for source, port in zip(node.inputs, ports, strict=True) if source == name]
        if name == self.graph.nodes[-1].name:
            found.append(("", wiring.flipped(self.o)))
        return found

    def _probe(self, m, name, source):
        fire = Signal(name=f"probe_{name}_fire")
        value = Signal(self.layouts[name].bits, name=f"probe_{name}_data")
        m.d.comb += [fire.eq(source.valid & source.ready), value.eq(source.payload)]
