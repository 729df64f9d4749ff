# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""All operators of a graph, connected."""

from collections.abc import Mapping

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ahead import Ahead
from hdl.fifo import Fifo
from hdl.fork import Fork
from hdl.lowering import Lowering, edges, port_name, relays
from hdl.memory import LoadPort
from hdl.ops import Folding
from hdl.ops.conv import ConvEngine
from hdl.relay import Relay
from ir import IMAGE, Graph

__all__ = ["Network"]


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
        For every node that has a folding, and buffers against bursts by edge.

    Members
    -------
    i, o
        Pixels in, logits out.
    load_NODE
        The weights of each convolution in :attr:`loads`.

    Attributes
    ----------
    layouts : dict of str to :class:`Layout`
        How each tensor travels.
    loads : dict of str to tuple of int
        Width and depth of the weights of each convolution that are loaded, in the order of the
        pipeline.
    """

    def __init__(self, graph: Graph, foldings: Mapping[str, Folding]):
        lowering = Lowering(graph, foldings)
        self.graph, self.buffers = graph, lowering.buffers
        self.layouts = lowering.layouts
        self.components = {name: stage.component for name, stage in lowering.stages.items()}
        self.loads = {name: size for name, component in self.components.items()
                      if isinstance(component, ConvEngine) and (size := component.loads)}
        super().__init__({
            "i": In(self.layouts[IMAGE].signature()),
            "o": Out(self.layouts[graph.nodes[-1].name].signature()),
            **{f"load_{name}": In(LoadPort(depth)) for name, (_, depth) in self.loads.items()},
        })

    def elaborate(self, platform):
        m = Module()
        for name, component in self.components.items():
            m.submodules[name] = component
        for name in self.loads:
            wiring.connect(m, wiring.flipped(getattr(self, f"load_{name}")),
                           self.components[name].load)
        sources = {IMAGE: wiring.flipped(self.i)}
        sources |= {name: component.o for name, component in self.components.items()}
        for name, source in sources.items():
            self._probe(m, name, source)
            readers = [(self._port(node, port), self.buffers.get((node.name, port)))
                       for node, port in edges(self.graph, name)]
            if name == self.graph.nodes[-1].name:
                readers.append((wiring.flipped(self.o), None))
            made = self.components.get(name)
            if relays(self.graph, name, made):
                relay = Relay(self.layouts[name].payload)
                if isinstance(made, Ahead) and made.wide:
                    made.ready_next = relay.ready_next
                source = self._behind(m, f"{name}_relay", relay, source)
            if len(readers) > 1:
                m.submodules[f"{name}_fork"] = fork = Fork(
                    self.layouts[name].payload, len(readers))
                wiring.connect(m, source, fork.i)
                outputs = [getattr(fork, f"o{n}") for n in range(len(readers))]
            else:
                outputs = [source]
            for (port, shortcut), output in zip(readers, outputs, strict=True):
                if shortcut is not None:
                    output = self._buffered(m, shortcut, output)
                wiring.connect(m, output, port)
        return m

    @staticmethod
    def _behind(m, title, component, source):
        """The stream that comes out of ``component`` when ``source`` goes in."""
        m.submodules[title] = component
        wiring.connect(m, source, component.i)
        return component.o

    def _port(self, node, port):
        return getattr(self.components[node.name], port_name(node, port))

    def _buffered(self, m, shortcut, source):
        layout = self.layouts[shortcut.source]
        title = f"{shortcut.reader}_shortcut{shortcut.port or ''}"
        buffer = Fifo(layout.payload, shortcut.depth(layout))
        return self._behind(m, title, buffer, source)

    def _probe(self, m, name, source):
        fire = Signal(name=f"probe_{name}_fire")
        value = Signal(self.layouts[name].bits, name=f"probe_{name}_data")
        m.d.comb += [fire.eq(source.valid & source.ready), value.eq(source.payload)]
