"""A first-in first-out buffer for streams."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.memory import Memory

__all__ = ["Fifo"]


class Fifo(wiring.Component):
    """Buffers up to ``depth`` beats of a stream.

    Timing
    ------
    Latency :attr:`LATENCY` cycles when empty, one beat per cycle. ``i.ready`` and ``o.valid``
    come from registers alone, so that a chain of buffers has no long path.

    Parameters
    ----------
    shape : ShapeLike
        Payload of the stream.
    depth : int
        Beats that fit, at least 2.

    Members
    -------
    i, o
        The stream before and behind.
    """

    LATENCY = 2

    def __init__(self, shape, depth: int):
        if depth < 2:
            raise ValueError(f"Fifo depth must be at least 2, not {depth}")
        self.depth = depth
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = Memory(width=len(Value.cast(self.i.payload)),
                                            depth=self.depth)
        write, read = Signal(range(self.depth)), Signal(range(self.depth))
        held = Signal(range(self.depth + 1))
        readable = Signal(range(self.depth + 1))
        room = Signal(init=1)
        written, there, step = Signal(), Signal(), Signal()
        push, pop = self.i.valid & self.i.ready, self.o.valid & self.o.ready

        m.d.comb += [
            self.i.ready.eq(room),
            words.write_en.eq(push),
            words.write_addr.eq(write),
            words.write_data.eq(self.i.payload),
            step.eq(~self.o.valid | self.o.ready),
            # A word can be read from the cycle after its write; what is read is the output.
            there.eq(written | (readable != 0)),
            words.read_en.eq(step),
            words.read_addr.eq(read),
            self.o.payload.eq(words.read_data),
        ]
        with m.If(push):
            m.d.sync += write.eq(Mux(write == self.depth - 1, 0, write + 1))
        with m.If(step):
            m.d.sync += self.o.valid.eq(there)
            with m.If(there):
                m.d.sync += read.eq(Mux(read == self.depth - 1, 0, read + 1))
        # Whether a beat is taken is known late in a cycle: it only chooses between sums.
        full, almost = held == self.depth, held == self.depth - 1
        m.d.sync += [
            held.eq(Mux(pop, held + push - 1, held + push)),
            room.eq(pop | ~(full | (almost & push))),
            written.eq(push),
            readable.eq(Mux(step, readable + written - there, readable + written)),
        ]
        return m
