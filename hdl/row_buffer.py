"""Keeps the last rows of a map, as words that a convolution reads."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.arith import counter
from hdl.layout import Layout
from hdl.memory import Memory
from hdl.window import Window

__all__ = ["RowBuffer"]


class RowBuffer(wiring.Component):
    """Collects the beats of positions into words of ``scan`` channels and keeps the last rows.

    A position's words lie together, time step by time step. Counts tell the reader how much of
    its image is there and the writer how much room is left.

    Timing
    ------
    One beat per cycle while there is room for the position. A position counts as filled, and can
    be read, two cycles after its last beat.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the input.
    window : :class:`Window`
    scan : int
        Channels of a word; a multiple of the lanes that divides the block.

    Members
    -------
    i
        Input stream.
    filled
        Positions there, counted from the start of the reader's image.
    finish
        Strobe: the reader has all it needs of its image and turns to the next.
    release
        Rows to forget, in this cycle.
    read_addr, read_data
        The memory's read port.
    """

    def __init__(self, layout: Layout, window: Window, scan: int):
        if scan % layout.lanes or layout.block % scan:
            raise ValueError(f"A scan of {scan} channels does not fit beats of {layout.lanes} "
                             f"lanes in blocks of {layout.block}")
        self.layout, self.window, self.scan = layout, window, scan
        self.position_words = layout.tensor.steps * layout.tensor.channels // scan
        self.depth = window.ring_positions * self.position_words
        image = window.rows * window.columns
        super().__init__({
            "i": In(layout.signature()),
            "filled": Out(range(image + window.ring_positions + 1)),
            "finish": In(1),
            "release": In(range(window.ring_rows + 1)),
            "read_addr": In(range(max(self.depth, 2))),
            "read_data": Out(scan * layout.tensor.interval.bits),
        })

    def elaborate(self, platform):
        m = Module()
        layout, tensor = self.layout, self.layout.tensor
        beats = self.scan // layout.lanes
        words = layout.block // self.scan

        m.submodules.memory = memory = Memory(
            width=self.scan * tensor.interval.bits, depth=self.depth)
        m.d.comb += [memory.read_addr.eq(self.read_addr), self.read_data.eq(memory.read_data)]

        address = Signal(range(self.depth))
        inside, ready = Signal(), Signal(init=1)
        taken, enters, word_done = Signal(), Signal(), Signal()
        block_done, steps_done, position_done = Signal(), Signal(), Signal()
        _, beat_ends = counter(m, beats, taken, "beat")
        _, word_ends = counter(m, words, word_done, "word")
        _, step_ends = counter(m, tensor.steps, block_done, "step")
        _, block_ends = counter(m, layout.blocks, steps_done, "block")
        m.d.comb += [
            self.i.ready.eq(ready),
            taken.eq(self.i.valid & ready),
            enters.eq(taken & ~inside),
            word_done.eq(taken & beat_ends),
            block_done.eq(word_done & word_ends),
            steps_done.eq(block_done & step_ends),
            position_done.eq(steps_done & block_ends),
        ]
        with m.If(taken):
            m.d.sync += inside.eq(~position_done)

        arrived = self._gathered(m, beats, taken)
        # The next step of a block lies a step's words on, the next block back at the first step.
        per_step = tensor.channels // self.scan
        ahead, back = per_step - words + 1, 1 - (tensor.steps - 1) * per_step
        turns = word_ends & ~(step_ends & block_ends)
        with m.If(word_done):
            m.d.sync += address.eq(address + Mux(turns, Mux(step_ends, back, ahead), 1))
            with m.If(word_ends & ~turns & (address == self.depth - 1)):
                m.d.sync += address.eq(0)
        m.d.sync += [memory.write_en.eq(word_done), memory.write_addr.eq(address),
                     memory.write_data.eq(arrived)]
        room = self._room(m, enters, position_done)
        m.d.sync += ready.eq(room | Mux(taken, ~position_done, inside))
        return m

    def _gathered(self, m, beats, taken):
        """A word: the last beats that came, and the one at hand."""
        layout = self.layout
        arrived = Signal(self.scan * layout.tensor.interval.bits)
        m.d.comb += arrived.eq(self.i.payload)
        if beats > 1:
            kept = Signal((beats - 1) * layout.bits)
            m.d.comb += arrived.eq(Cat(kept, self.i.payload))
            with m.If(taken):
                m.d.sync += kept.eq(Cat(kept, self.i.payload)[layout.bits:])
        return arrived

    def _room(self, m, enters, position_done):
        """Count positions; whether there is room for another after this cycle."""
        window, image = self.window, self.window.rows * self.window.columns
        # Where windows skip positions, a row is also forgotten before all of it came.
        occupied = Signal(range(-window.ring_positions, window.ring_positions + 1))
        complete = Signal()
        m.d.sync += complete.eq(position_done)
        m.d.sync += self.filled.eq(self.filled + complete - Mux(self.finish, image, 0))
        # A release always makes room; without one, room is what the beat at hand leaves. What is
        # released is counted a cycle later.
        left, leaving = Signal(), Signal(range(window.ring_positions + 1))
        whole, but_one = (occupied == window.ring_positions - n for n in range(2))
        full, almost = ~left & whole, Mux(left, whole & (leaving == 1), but_one)
        room = Signal()
        m.d.comb += room.eq(self.release.any() | ~(full | (almost & enters)))
        m.d.sync += [
            left.eq(self.release.any()), leaving.eq(self.release * window.columns),
            occupied.eq(occupied + enters - leaving),
        ]
        return room
