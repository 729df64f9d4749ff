# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""The top level: a network behind AXI."""

from collections.abc import Mapping

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.arith import counter
from hdl.fifo import Fifo
from hdl.network import Network
from hdl.ops import Folding
from hdl.pixel_input import PixelInput
from hdl.registers import RegisterFile
from hdl.relay import Relay
from hdl.weight_loader import WeightLoader
from ir import IMAGE, Graph

__all__ = ["Accelerator"]

IMAGES_IN_FLIGHT = 16


class Accelerator(wiring.Component):
    """A network with AXI4-Stream in and out and an AXI4-Lite register file.

    Every packet in, right or malformed, gives one packet of logits out, in order; ``tuser`` tells
    that the packet in was malformed.

    Timing
    ------
    As the network's slowest stage; input and output are registered once more. At most 16 images
    are inside at a time.

    Parameters
    ----------
    graph : :class:`Graph`
    foldings : mapping of str to Folding
    network : int
        First 32 bits of the graph's digest.

    Members
    -------
    s_axis_*
        Pixels, see :class:`Packing`: four bytes a beat, or more of fewer bits, the first
        lowest; a position's channels follow each other, positions in raster order; ``tlast`` with
        the last beat.
    m_axis_*
        Logits: one a beat, sign-extended to 32 bits, class 0 first; ``tlast`` with the last.
    s_axil_*
        Registers, see :mod:`hdl.registers`.
    """

    def __init__(self, graph: Graph, foldings: Mapping[str, Folding], *, network: int = 0):
        self.network = Network(graph, foldings)
        self.classes = graph.classes
        self.pixels = graph.image.values
        logits = self.network.layouts[graph.nodes[-1].name]
        if logits.lanes != 1:
            raise ValueError(f"The last node must send one logit at a time, not {logits.lanes}")
        if logits.tensor.interval.bits > 32:
            raise ValueError(f"Logits {logits.tensor.interval} do not fit 32 bits")
        self.digest = network
        super().__init__({
            "s_axis_tdata": In(32), "s_axis_tvalid": In(1), "s_axis_tready": Out(1),
            "s_axis_tlast": In(1),
            "m_axis_tdata": Out(32), "m_axis_tvalid": Out(1), "m_axis_tready": In(1),
            "m_axis_tlast": Out(1), "m_axis_tuser": Out(1),
            "s_axil_awaddr": In(8), "s_axil_awprot": In(3), "s_axil_awvalid": In(1),
            "s_axil_awready": Out(1),
            "s_axil_wdata": In(32), "s_axil_wstrb": In(4), "s_axil_wvalid": In(1),
            "s_axil_wready": Out(1),
            "s_axil_bresp": Out(2), "s_axil_bvalid": Out(1), "s_axil_bready": In(1),
            "s_axil_araddr": In(8), "s_axil_arprot": In(3), "s_axil_arvalid": In(1),
            "s_axil_arready": Out(1),
            "s_axil_rdata": Out(32), "s_axil_rresp": Out(2), "s_axil_rvalid": Out(1),
            "s_axil_rready": In(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.network = network = self.network
        m.submodules.pixel_input = pixels = PixelInput(network.layouts[IMAGE])
        m.submodules.registers = registers = RegisterFile(
            network=self.digest, pixels=self.pixels, classes=self.classes)
        if network.loads:
            m.submodules.loader = loader = WeightLoader(list(network.loads.values()))
            m.d.comb += [loader.write.eq(registers.load), loader.data.eq(registers.load_data),
                         loader.restart.eq(registers.reload),
                         registers.missing.eq(loader.missing)]
            for n, name in enumerate(network.loads):
                wiring.connect(m, getattr(loader, f"o{n}"), getattr(network, f"load_{name}"))
        packet = data.StructLayout({"logit": 32, "last": 1, "malformed": 1})
        # Registers at the border: what waits outside is on no path inside.
        m.submodules.output = output = Relay(packet)
        m.submodules.input = entry = Relay(network.layouts[IMAGE].payload)
        m.submodules.flag = flag = Relay(1)
        m.submodules.known = known = Relay(1)
        m.submodules.malformed = malformed = Fifo(1, IMAGES_IN_FLIGHT - 2 * Relay.DEPTH)
        wiring.connect(m, pixels.o, entry.i)
        wiring.connect(m, entry.o, network.i)
        wiring.connect(m, pixels.flag, flag.i)
        wiring.connect(m, flag.o, malformed.i)
        wiring.connect(m, malformed.o, known.i)

        leaves, sent = Signal(), Signal()
        _, final = counter(m, self.classes, sent, "logit")
        m.d.comb += [
            pixels.tdata.eq(self.s_axis_tdata), pixels.tvalid.eq(self.s_axis_tvalid),
            pixels.tlast.eq(self.s_axis_tlast), self.s_axis_tready.eq(pixels.tready),
            output.i.p.logit.eq(network.o.p[0]),
            output.i.p.last.eq(final),
            output.i.p.malformed.eq(known.o.payload),
            output.i.valid.eq(network.o.valid & known.o.valid),
            network.o.ready.eq(output.i.ready & known.o.valid),
            sent.eq(output.i.valid & output.i.ready),
            known.o.ready.eq(sent & final),
            self.m_axis_tdata.eq(output.o.p.logit),
            self.m_axis_tlast.eq(output.o.p.last),
            self.m_axis_tuser.eq(output.o.p.malformed),
            self.m_axis_tvalid.eq(output.o.valid),
            output.o.ready.eq(self.m_axis_tready),
            leaves.eq(self.m_axis_tvalid & self.m_axis_tready & self.m_axis_tlast),
        ]
        # What is only counted may be counted a cycle later.
        m.d.sync += [
            registers.opens.eq(pixels.opens),
            registers.enters.eq(pixels.flag.valid & pixels.flag.ready),
            registers.leaves.eq(leaves),
            registers.short.eq(pixels.short), registers.long.eq(pixels.long),
        ]
        for name in ("awaddr", "awvalid", "wdata", "wstrb", "wvalid", "bready", "araddr",
                     "arvalid", "rready"):
            m.d.comb += getattr(registers, name).eq(getattr(self, f"s_axil_{name}"))
        for name in ("awready", "wready", "bresp", "bvalid", "arready", "rdata", "rresp",
                     "rvalid"):
            m.d.comb += getattr(self, f"s_axil_{name}").eq(getattr(registers, name))
        return m
