"""The way in: packets of pixels, checked."""

from dataclasses import dataclass

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layout import Layout
from ir import TensorType

__all__ = ["Packing", "PixelInput", "row_positions"]

BEAT = 32
"""Bits of a beat of the stream."""


@dataclass(frozen=True)
class Packing:
    """How pixels share a beat: ``per_beat`` fields of ``bits`` bits, the first lowest.

    Pixels of up to four bits come in fields of as many (3 bits take 4), as many of them as fit
    and divide a row of the image; others are bytes, four to a beat.
    """

    bits: int
    per_beat: int

    @classmethod
    def of(cls, image: TensorType) -> "Packing":
        """The packing of images of a type."""
        bits = 1 << (image.interval.bits - 1).bit_length()
        if bits > 4 or image.steps > 1:
            return cls(8, BEAT // 8)
        row = image.width * image.channels
        return cls(bits, max(n for n in range(1, BEAT // bits + 1) if row % n == 0))


def row_positions(image: TensorType) -> int:
    """The positions of a beat, where beats divide rows of an image of one channel; otherwise 0."""
    wide = Packing.of(image).per_beat
    return wide if image.steps == image.channels == 1 and image.width % wide == 0 else 0


class PixelInput(wiring.Component):
    """Unpacks AXI4-Stream beats of several pixels and makes a whole image of every packet.

    A short packet is filled up with zero pixels, the surplus of a long one dropped; either way
    the packets that follow are right.

    Timing
    ------
    One pixel per cycle, or all of a beat, as the layout says; latency 1 cycle.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the image: a pixel, or the positions of a beat.

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
        self.packing, self.together = Packing.of(layout.tensor), layout.lanes * layout.positions
        if self.together not in (1, self.packing.per_beat):
            raise ValueError(f"PixelInput sends one pixel at a time, or {self.packing.per_beat}, "
                             f"not {self.together}")
        self.pixels = layout.tensor.values
        self.beats = -(-self.pixels // self.packing.per_beat)
        super().__init__({
            "tdata": In(32), "tvalid": In(1), "tready": Out(1), "tlast": In(1),
            "o": Out(layout.signature()),
            "flag": Out(stream.Signature(1)),
            "opens": Out(1), "short": Out(1), "long": Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        whole = self.packing.per_beat // self.together
        field = self.packing.bits
        word, left = Signal(BEAT), Signal(range(whole + 1))
        beat = Signal(range(self.beats))
        filling, dropping = Signal(), Signal()
        free, taken, load = Signal(), Signal(), Signal()
        final = beat == self.beats - 1
        m.d.comb += [
            self.o.valid.eq(left != 0),
            *(self.o.p[n].eq(word[n * field:(n + 1) * field]) for n in range(self.together)),
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
            m.d.sync += [left.eq(left - 1), word.eq(word >> field)]
        with m.If(load):
            m.d.sync += [
                word.eq(Mux(filling, 0, self.tdata)),
                left.eq(Mux(final, self.pixels // self.together - whole * (self.beats - 1),
                            whole)),
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
