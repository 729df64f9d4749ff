"""Nearest-neighbour enlargement of a map."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic, ram
from hdl.arith import wrapping
from hdl.layout import Layout
from hdl.memory import Memory
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import Upsample

__all__ = ["UpsampleLanes", "UpsampleTiming"]


@dataclass(frozen=True)
class UpsampleTiming:
    """An enlargement at work on so many images; what they hold makes no difference."""

    a: Layout
    factor: int
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.a.image_beats * self.factor**2)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        filled: list[int] = []
        freed: list[int] = []
        return [self._collect(i, filled, freed), self._send(o, filled, freed)]

    def _collect(self, i: Wire, filled: list[int], freed: list[int]) -> Process:
        width, beats, last = self.a.tensor.width, self.a.position_beats, -1
        for position in range(self.images * self.a.tensor.positions):
            while position >= width and len(freed) <= position - width:
                yield
            free = freed[position - width] + 1 if position >= width else 0
            for beat in range(beats):
                yield from i.offered(position * beats + beat)
                last = i.take(max(last + 1, free))
            filled.append(last + 1)

    def _send(self, o: Wire, filled: list[int], freed: list[int]) -> Process:
        width, issued, sent = self.a.tensor.width, -1, 0
        for start in range(0, self.images * self.a.tensor.positions, width):
            for turn in range(self.factor):
                for position in range(start, start + width):
                    while len(filled) <= position:
                        yield
                    for _ in range(self.factor * self.a.position_beats):
                        yield from o.taken(sent - 2)
                        room = o.takes[sent - 2] if sent >= 2 else 0
                        shown = max(issued + UpsampleLanes.LATENCY, room + 1)
                        issued = max(issued + 1, filled[position], room)
                        # The pipeline moves as a whole: what it shows alone stops it too.
                        if sent and issued >= shown:
                            yield from o.taken(sent - 1)
                            issued = max(issued, o.takes[sent - 1])
                        o.offer(issued + UpsampleLanes.LATENCY)
                        sent += 1
                    if turn == self.factor - 1:
                        freed.append(issued)


class UpsampleLanes(wiring.Component):
    """Keeps a row of the map and sends it ``factor`` times, each position ``factor`` times.

    While a row is sent for the last time, the next one takes its place, position by position.

    Timing
    ------
    One beat per cycle at the output, :attr:`LATENCY` cycles after it is read; a position is read
    when all of it is there, in the cycle after its last beat at the earliest. A map one position
    wide waits for its next position after each. A stalled output stops the reading, a row that is
    not sent yet the input.

    Parameters
    ----------
    op : :class:`Upsample`
    a : :class:`Layout`
        Of the input.

    Members
    -------
    i, o
        Input and output stream, cut alike.
    """

    LATENCY = 2

    def __init__(self, op: Upsample, a: Layout):
        self.op, self.a, self.out = op, a, a.retyped(op.output(a.tensor))
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    def area(self) -> Budget:
        """Estimated resources."""
        return logic(90, 60 + self.a.bits) + ram(
            self.a.bits, self.a.tensor.width * self.a.position_beats)

    def timing(self, images: np.ndarray) -> UpsampleTiming:
        """When the component does what on input ``images``, ``[N, T, C, H, W]``."""
        return UpsampleTiming(self.a, self.op.factor, len(images))

    def elaborate(self, platform):
        m = Module()
        m.submodules.row = row = Memory(
            width=self.a.bits, depth=self.a.tensor.width * self.a.position_beats)
        filled, freed = Signal(), Signal()
        self._collect(m, row, filled, freed)
        self._send(m, row, filled, freed)
        return m

    def _collect(self, m, row, filled, freed):
        """Write positions while there is room for them."""
        width, beats = self.a.tensor.width, self.a.position_beats
        beat, address = Signal(range(beats)), Signal(range(width * beats))
        inside, room, taken = Signal(), Signal(init=1), Signal()
        occupied, held = Signal(range(width + 1)), Signal(range(width + 1))
        m.d.comb += [
            self.i.ready.eq(inside | room),
            taken.eq(self.i.valid & self.i.ready),
            filled.eq(taken & (beat == beats - 1)),
            held.eq(occupied + (taken & ~inside) - freed),
            row.write_en.eq(taken), row.write_addr.eq(address), row.write_data.eq(self.i.payload),
        ]
        m.d.sync += [occupied.eq(held), room.eq(held != width)]
        with m.If(taken):
            m.d.sync += [beat.eq(wrapping(beat, beats)), inside.eq(~filled),
                         address.eq(wrapping(address, width * beats))]

    def _send(self, m, row, filled, freed):
        """Read every position again and again, and the row as often."""
        width, beats, factor = self.a.tensor.width, self.a.position_beats, self.op.factor
        beat, again = Signal(range(beats)), Signal(range(factor))
        position, turn = Signal(range(width)), Signal(range(factor))
        base = Signal(range(width * beats))
        fresh, some = Signal(range(width + 1)), Signal()
        # Only the first word of a position that was not read yet has to wait.
        begins = Signal(init=1)
        step, issue, read = Signal(), Signal(), Signal()
        # Without a reset, for a block RAM's own: its data come late without.
        payload = Signal(self.a.bits, reset_less=True)
        ends, row_ends = Signal(), position == width - 1
        left = Signal.like(fresh)
        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            issue.eq(step & (some | ~begins)),
            ends.eq((beat == beats - 1) & (again == factor - 1)),
            freed.eq(issue & ends & (turn == factor - 1)),
            left.eq(fresh + filled - (issue & begins)),
            row.read_en.eq(step), row.read_addr.eq(base + beat),
            self.o.payload.as_value().eq(payload),
        ]
        m.d.sync += [fresh.eq(left), some.eq(left != 0)]
        with m.If(issue):
            m.d.sync += [beat.eq(wrapping(beat, beats)), begins.eq(0)]
            with m.If(beat == beats - 1):
                m.d.sync += again.eq(wrapping(again, factor))
            with m.If(ends):
                m.d.sync += [
                    position.eq(wrapping(position, width)),
                    base.eq(Mux(row_ends, 0, base + beats)),
                    begins.eq(Mux(row_ends, turn == factor - 1, turn == 0)),
                ]
                with m.If(row_ends):
                    m.d.sync += turn.eq(wrapping(turn, factor))
        with m.If(step):
            m.d.sync += [read.eq(issue), self.o.valid.eq(read), payload.eq(row.read_data)]
