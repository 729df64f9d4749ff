"""The way in: packets of pixels, checked."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layout import Layout

__all__ = ["PixelInput"]

PIXELS_PER_BEAT = 4


class PixelInput(wiring.Component):
    """Unpacks AXI4-Stream beats of four pixels and makes a whole image of every packet.

    A short packet is filled up with zero pixels, the surplus of a long one dropped; either way
    the packets that follow are right.

    Timing
    ------
    One pixel per cycle, latency 1 cycle.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the image: one lane.

    Members
    -------
    tdata, tvalid, tready, tlast
        AXI4-Stream sink.
    o
        Pixels.
    flag
        One beat per packet: whether it was malformed. Taken in the cycle that decides it.
    opens
        Strobe: the first beat of an image was taken.
    short, long
        Strobes: what was wrong with the packet.
    """

    def __init__(self, layout: Layout):
        if layout.lanes != 1:
            raise ValueError(f"PixelInput sends one pixel at a time, not {layout.lanes}")
        self.pixels = layout.tensor.values
        self.beats = -(-self.pixels // PIXELS_PER_BEAT)
        super().__init__({
            "tdata": In(32), "tvalid": In(1), "tready": Out(1), "tlast": In(1),
            "o": Out(layout.signature()),
            "flag": Out(stream.Signature(1)),
            "opens": Out(1), "short": Out(1), "long": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        word, left = Signal(32), Signal(range(PIXELS_PER_BEAT + 1))
        beat = Signal(range(self.beats))
        filling, dropping = Signal(), Signal()
        free, taken, load = Signal(), Signal(), Signal()
        final = beat == self.beats - 1
        m.d.comb += [
            self.o.valid.eq(left != 0),
            self.o.p[0].eq(word[:8]),
            free.eq((left == 0) | ((left == 1) & self.o.ready)),
            self.tready.eq(dropping | (free & ~filling & self.flag.ready)),
            taken.eq(self.tvalid & self.tready & ~dropping),
            load.eq(taken | (filling & free)),
            self.opens.eq(taken & (beat == 0)),
            self.short.eq(taken & self.tlast & ~final),
            self.long.eq(taken & ~self.tlast & final),
            self.flag.valid.eq(taken & (self.tlast | final)),
            self.flag.payload.eq(self.tlast ^ final),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += [left.eq(left - 1), word.eq(word >> 8)]
        with m.If(load):
            m.d.sync += [
                word.eq(Mux(filling, 0, self.tdata)),
                left.eq(Mux(final, self.pixels - PIXELS_PER_BEAT * (self.beats - 1),
                            PIXELS_PER_BEAT)),
                beat.eq(Mux(final, 0, beat + 1)),
            ]
            with m.If(final):
                m.d.sync += filling.eq(0)
        with m.If(self.short):
            m.d.sync += filling.eq(1)
        with m.If(self.long):
            m.d.sync += dropping.eq(1)
        with m.Elif(self.tvalid & self.tlast):
            m.d.sync += dropping.eq(0)
        return m
