"""What a serial convolution adds up, a word of inputs per cycle, sum by sum."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Member, Out

from hdl.arith import counter, table, wrapping
from hdl.delayed import delayed
from hdl.layout import Layout
from hdl.memory import Memory
from hdl.serial_window import SerialWindow

__all__ = ["PointTerms", "WindowTerms", "terms_ports"]


def terms_ports(layout: Layout) -> dict[str, Member]:
    """The ports of a source of terms.

    A window is gone through once per sum, all its sums one after the other, and then forgotten.

    i
        Input stream.
    step
        The time step of the sum.
    final
        It is the window's last sum.
    permit
        A sum may be ended.
    issue, ends
        Strobes: a word is asked for, and it is the last of its sum.
    values, outside
        The word, two cycles later, and whether it lies outside the map.
    """
    return {
        "i": In(layout.signature()),
        "step": In(range(layout.tensor.steps)),
        "final": In(1),
        "permit": In(1),
        "issue": Out(1), "ends": Out(1),
        "values": Out(layout.payload), "outside": Out(1),
    }


class PointTerms(wiring.Component):
    """Keeps one position in a ring of registers that turns once per time step of each block.

    Timing
    ------
    A beat per cycle while a position is taken in, then a word per cycle; the last word of a sum
    waits for ``permit``.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the input: a single time step, or a single block.

    Members
    -------
    See :func:`terms_ports`.
    """

    def __init__(self, layout: Layout):
        self.layout = layout
        super().__init__(terms_ports(layout))

    def elaborate(self, platform):
        m = Module()
        words = self.layout.tensor.channels // self.layout.lanes
        ring = Signal(data.ArrayLayout(self.layout.payload, self.layout.position_beats))
        taking, taken = Signal(init=1), Signal()
        m.d.comb += [
            self.i.ready.eq(taking),
            taken.eq(self.i.valid & taking),
            self.issue.eq(~taking & (self.permit | ~self.ends)),
        ]
        _, last = counter(m, self.layout.position_beats, taken, "beat")
        _, ends = counter(m, words, self.issue, "word")
        m.d.comb += self.ends.eq(ends)
        with m.If(taken & last):
            m.d.sync += taking.eq(0)
        with m.If(self.issue & self.ends & self.final):
            m.d.sync += taking.eq(1)
        fresh = Mux(taking, self.i.payload.as_value(), ring[0].as_value())
        with m.If(taken | self.issue):
            m.d.sync += ring.eq(Cat(ring.as_value()[self.layout.bits:], fresh))
        m.d.comb += self.values.eq(delayed(m, ring[0], 2))
        return m


class WindowTerms(wiring.Component):
    """Keeps the last positions of the map in a memory and walks over windows in it.

    An address is a position, counted round and round, a time step and a word of it side by side,
    so that nothing is multiplied. Taps outside the map are walked over like the others.

    Timing
    ------
    A beat per cycle while there is room, and a word per cycle; the last word of a sum waits for
    ``permit``. A window begins two cycles after the last beat that it needs and two cycles after
    the last word of the window before it.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the input.
    walk : :class:`SerialWindow`

    Members
    -------
    See :func:`terms_ports`.
    """

    def __init__(self, layout: Layout, walk: SerialWindow):
        self.layout, self.walk = layout, walk
        super().__init__(terms_ports(layout))

    def elaborate(self, platform):
        m = Module()
        words, steps = self.layout.tensor.channels // self.layout.lanes, self.layout.tensor.steps
        m.submodules.memory = memory = Memory(
            width=self.layout.bits, depth=self.walk.depth(words, steps))
        there, turn = Signal(self.walk.held, init=-self.walk.first), Signal()
        arrived = self._collect(m, memory, there)
        jump = self._walk(m, memory, there, turn)
        m.d.sync += there.eq(there + arrived - Mux(turn, jump, 0))
        return m

    def _collect(self, m, memory, there):
        """Write what comes to the end of what is kept; strobe that a position is whole."""
        layout, steps = self.layout, self.layout.tensor.steps
        taken, arrived = Signal(), Signal()
        group_done, step_done = Signal(), Signal()
        group, group_ends = counter(m, layout.groups, taken, "group_in")
        step, step_ends = counter(m, steps, group_done, "step_in")
        block, block_ends = counter(m, layout.blocks, step_done, "block_in")
        position = Signal(range(self.walk.positions))
        m.d.comb += [
            self.i.ready.eq(there < self.walk.positions),
            taken.eq(self.i.valid & self.i.ready),
            group_done.eq(taken & group_ends),
            step_done.eq(group_done & step_ends),
            arrived.eq(step_done & block_ends),
            memory.write_en.eq(taken),
            memory.write_addr.eq(self._address(
                position, step, table(block, [n * layout.groups for n in range(layout.blocks)])
                + group)),
            memory.write_data.eq(self.i.payload),
        ]
        with m.If(arrived):
            m.d.sync += position.eq(position + 1)
        return arrived

    def _address(self, position, step, word):
        words = range(self.layout.tensor.channels // self.layout.lanes)
        return Cat(word[:len(Signal(words))], step, position)

    def _walk(self, m, memory, there, turn):
        """Read word by word; how far the next window lies from this one."""
        walk, window, kernel = self.walk, self.walk.window, self.walk.window.kernel
        row, column = Signal(range(window.out_rows)), Signal(range(window.out_columns))
        begin = Signal(range(walk.positions), init=walk.first % walk.positions)
        at, active = Signal.like(begin), Signal()
        word_done, column_done = Signal(), Signal()
        word, word_ends = counter(m, self.layout.tensor.channels // self.layout.lanes, self.issue,
                                  "word")
        tap_column, column_ends = counter(m, kernel, word_done, "column")
        tap_row, row_ends = counter(m, kernel, column_done, "row")
        at_end = column == window.out_columns - 1, row == window.out_rows - 1
        jump = Signal(range(walk.largest_jump + 1))
        m.d.comb += [
            self.ends.eq(word_ends & column_ends & row_ends),
            self.issue.eq(active & (self.permit | ~self.ends)),
            word_done.eq(self.issue & word_ends),
            column_done.eq(word_done & column_ends),
            turn.eq(self.issue & self.ends & self.final),
            jump.eq(Mux(at_end[0], Mux(at_end[1], walk.to_image, walk.to_row), walk.to_column)),
            memory.read_addr.eq(self._address(at, self.step, word)),
        ]
        with m.If(turn):
            m.d.sync += [active.eq(0), begin.eq(begin + jump),
                         column.eq(wrapping(column, window.out_columns))]
            with m.If(at_end[0]):
                m.d.sync += row.eq(wrapping(row, window.out_rows))
        with m.Elif(~active):
            m.d.sync += active.eq(there > walk.reach(row, column))
        with m.If(~active | (self.issue & self.ends)):
            m.d.sync += at.eq(begin)
        with m.Elif(word_done):
            m.d.sync += at.eq(at + Mux(column_ends, window.columns - kernel + 1, 1))
        values = Signal.like(memory.read_data, reset_less=True)
        m.d.sync += values.eq(memory.read_data)
        m.d.comb += [
            self.values.as_value().eq(values),
            self.outside.eq(delayed(m, walk.outside(row, column, tap_row, tap_column), 2)),
        ]
        return jump
