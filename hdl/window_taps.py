"""Reads the windows of a map for reductions, all taps of a beat one after the other."""

from amaranth import *
from amaranth.lib import wiring

from hdl.arith import table
from hdl.delayed import delayed
from hdl.layout import Layout
from hdl.row_buffer import RowBuffer
from hdl.taps import count_words, tap_ports
from hdl.window import Window
from hdl.window_source import WindowSource

__all__ = ["WindowTaps"]


class WindowTaps(wiring.Component):
    """Keeps the last rows of the map and reads each window beat by beat, tap by tap.

    Taps outside the map are left out.

    Timing
    ------
    One tap per cycle, and at least two cycles per window. Values come :attr:`LATENCY` cycles after
    they are asked for, and a window begins :attr:`CHOSEN` cycles after the last position that it
    needs is there.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the input.
    window : :class:`Window`

    Members
    -------
    See :func:`hdl.taps.tap_ports`.
    """

    LATENCY = 4
    CHOSEN = 4
    WINDOW = 2

    def __init__(self, layout: Layout, window: Window):
        self.layout, self.window = layout, window
        super().__init__(tap_ports(layout, window.kernel**2))

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows = rows = RowBuffer(self.layout, self.window, self.layout.lanes)
        m.submodules.windows = windows = WindowSource(self.window, rows.position_words)
        wiring.connect(m, wiring.flipped(self.i), rows.i)
        m.d.comb += [windows.filled.eq(rows.filled), rows.finish.eq(windows.finish)]
        self._fetch(m, rows, self._walk(m, rows, windows.o))
        return m

    def _walk(self, m, rows, windows):
        """Walk the taps of one window, beat by beat; the next window waits beside."""
        kernel = self.window.kernel
        upcoming, waiting = Signal.like(windows.p), Signal()
        at, active = Signal.like(windows.p), Signal()
        row, column = Signal(range(kernel)), Signal(range(kernel))
        first, issue, sent, last = Signal(init=1), Signal(), Signal(), Signal()
        column_ends, row_ends = column == at.column1, row == at.row1
        step, group, final = count_words(m, self.layout, sent)
        m.d.comb += [
            issue.eq(active & self.permit),
            sent.eq(issue & column_ends & row_ends),
            last.eq(sent & final),
            self.sent.eq(sent),
            windows.ready.eq(~waiting),
        ]
        with m.If(windows.valid & ~waiting):
            m.d.sync += [upcoming.eq(windows.p), waiting.eq(1)]
        with m.If(issue):
            m.d.sync += [first.eq(column_ends & row_ends), column.eq(column + 1)]
            with m.If(column_ends):
                m.d.sync += [column.eq(at.column0), row.eq(row + 1)]
                with m.If(row_ends):
                    m.d.sync += row.eq(at.row0)
        with m.If(~active | last):
            m.d.sync += active.eq(waiting)
            with m.If(waiting):
                m.d.sync += [at.eq(upcoming), row.eq(upcoming.row0),
                             column.eq(upcoming.column0), waiting.eq(0)]
        # A row written right after its release comes a cycle after the last word is read.
        m.d.sync += rows.release.eq(Mux(last, at.release, 0))
        return {"window": at, "row": row, "column": column, "step": step, "group": group,
                "first": first, "sent": sent}

    def _fetch(self, m, rows, tap):
        """Add up the addresses, read the memory; a table takes no multiplier, a product would."""
        window, kernel, words = self.window, self.window.kernel, rows.position_words
        ring, per_row = window.ring_rows, window.columns * words
        steps = self.layout.tensor.steps
        groups = words // steps
        at, slot = tap["window"], Signal(range(2 * ring))
        values = Signal(len(rows.read_data), reset_less=True)
        m.d.comb += [slot.eq(at.slot + tap["row"] - at.row0), self.values.as_value().eq(values)]

        row_part = Signal(range(ring * per_row))
        column_part = Signal(range(-window.padding * words,
                                   (window.columns + 2 * kernel) * words))
        word_part = Signal(range(words))
        tap_part, group = Signal(range(kernel**2 * groups)), Signal(range(groups))
        m.d.sync += [
            row_part.eq(table(slot, [n % ring * per_row for n in range(2 * ring)])),
            column_part.eq(at.start + table(tap["column"], [n * words for n in range(kernel)])),
            word_part.eq(table(tap["step"], [n * groups for n in range(steps)]) + tap["group"]),
            tap_part.eq(table(tap["row"], [n * kernel * groups for n in range(kernel)])
                        + table(tap["column"], [n * groups for n in range(kernel)])),
            group.eq(tap["group"]),
            rows.read_addr.eq(row_part + column_part + word_part),
            self.address.eq(tap_part + group), self.group.eq(group),
            values.eq(rows.read_data),
            Cat(self.first, self.last).eq(
                delayed(m, Cat(tap["first"], tap["sent"]), self.LATENCY - 1)),
        ]
