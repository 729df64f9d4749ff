"""A first-in first-out buffer for streams."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.memory import Memory, late

__all__ = ["Fifo"]


class Fifo(wiring.Component):
    """Buffers up to ``depth`` beats of a stream.

    Timing
    ------
    Latency :meth:`latency` cycles when empty, one beat per cycle: a register follows a memory
    whose words come late. ``i.ready`` and ``o.valid`` come from registers alone, so that a chain
    of buffers has no long path.

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

    def __init__(self, shape, depth: int):
        if depth < 2:
            raise ValueError(f"Fifo depth must be at least 2, not {depth}")
        self.depth = depth
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    @staticmethod
    def latency(bits: int, depth: int) -> int:
        """Cycles of an empty buffer of ``depth`` payloads of ``bits``."""
        return 2 + late(bits, depth)

    def elaborate(self, platform):
        m = Module()
        width = len(Value.cast(self.i.payload))
        m.submodules.words = words = Memory(width=width, depth=self.depth)
        step = Signal()
        if late(width, self.depth):
            fetched, payload = Signal(), Signal.like(self.o.payload, reset_less=True)
            m.d.comb += [step.eq(~fetched | ~self.o.valid | self.o.ready),
                         self.o.payload.eq(payload)]
            with m.If(~self.o.valid | self.o.ready):
                m.d.sync += [self.o.valid.eq(fetched), payload.eq(words.read_data)]
        else:
            fetched = self.o.valid
            m.d.comb += [step.eq(~self.o.valid | self.o.ready),
                         self.o.payload.eq(words.read_data)]
        push, taken = self.i.valid & self.i.ready, Signal()
        write, read = Signal(range(self.depth)), Signal(range(self.depth))
        # A word can be read from the cycle after its write. What is taken in a cycle is known late
        # in it, so it is counted a cycle later; whether words are left is known a cycle ahead.
        there, unread, left = Signal(), Signal(range(self.depth + 1)), Signal()
        m.d.comb += [
            words.write_en.eq(push),
            words.write_addr.eq(write),
            words.write_data.eq(self.i.payload),
            words.read_en.eq(step),
            words.read_addr.eq(read),
            taken.eq(step & there),
        ]
        with m.If(push):
            m.d.sync += write.eq(Mux(write == self.depth - 1, 0, write + 1))
        with m.If(taken):
            m.d.sync += read.eq(Mux(read == self.depth - 1, 0, read + 1))
        with m.If(step):
            m.d.sync += fetched.eq(there)
        with m.If(push ^ left):
            m.d.sync += unread.eq(Mux(push, unread + 1, unread - 1))
        some, several = Mux(left, unread > 1, unread > 0), Mux(left, unread > 2, unread > 1)
        m.d.sync += [left.eq(taken), there.eq(push | several | (some & ~taken))]
        self._count_room(m, push, self.o.valid & self.o.ready)
        return m

    def _count_room(self, m, push, pop):
        held, room, left = Signal(range(self.depth + 1)), Signal(init=1), Signal()
        full = ~left & (held == self.depth)
        almost = held == Mux(left, self.depth, self.depth - 1)
        with m.If(push ^ left):
            m.d.sync += held.eq(Mux(push, held + 1, held - 1))
        m.d.sync += [left.eq(pop), room.eq(pop | ~(full | (almost & push)))]
        m.d.comb += self.i.ready.eq(room)
