"""Walks the windows of an image in raster order."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.arith import table, wrapping
from hdl.window import Window

__all__ = ["WindowSource", "window_layout"]


def window_layout(window: Window, position_words: int) -> data.StructLayout:
    """What is known of one window before it is read.

    ``row0 .. row1`` and ``column0 .. column1`` are the kernel's taps inside the map; ``slot`` is
    the ring slot of the row under tap ``row0``; ``start`` the address, within a row, of the
    column under tap 0; ``release`` the rows to forget after the window.
    """
    reach = (window.columns + window.padding) * position_words
    return data.StructLayout({
        "row0": range(window.kernel), "row1": range(window.kernel),
        "column0": range(window.kernel), "column1": range(window.kernel),
        "slot": range(window.ring_rows),
        "start": range(-window.padding * position_words, reach),
        "release": range(window.ring_rows + 1),
    })


class WindowSource(wiring.Component):
    """Offers one window after the other, each as soon as its positions are there.

    Timing
    ------
    A window is offered two cycles after ``filled`` covers it; one in two cycles at most.

    Parameters
    ----------
    window : :class:`Window`
    position_words : int
        Words of memory per position.

    Members
    -------
    filled : In
        Positions there, counted from the start of the image that is being walked.
    finish : Out
        Strobe: all of the image is there and its last window taken; counting starts anew.
    o
        Windows, see :func:`window_layout`.
    """

    def __init__(self, window: Window, position_words: int):
        self.window, self.position_words = window, position_words
        image = window.rows * window.columns
        super().__init__({
            "filled": In(range(image + window.ring_positions + 1)),
            "finish": Out(1),
            "o": Out(stream.Signature(window_layout(window, position_words))),
        })

    def elaborate(self, platform):
        m = Module()
        window, words = self.window, self.position_words
        row, column = Signal(range(window.out_rows)), Signal(range(window.out_columns))
        slot = Signal(range(window.ring_rows))
        upcoming, valid = Signal.like(self.o.payload), Signal()
        need, last = Signal(range(window.rows * window.columns)), Signal()
        taken, covered = Signal(), Signal()

        ends = column == window.out_columns - 1
        released = table(row, [window.released_rows(y) for y in range(window.out_rows)])
        taps_y = [window.taps(y, window.rows) for y in range(window.out_rows)]
        taps_x = [window.taps(x, window.columns) for x in range(window.out_columns)]
        with m.If(~valid | taken):
            m.d.sync += [
                valid.eq(1),
                upcoming.row0.eq(table(row, [taps.start for taps in taps_y])),
                upcoming.row1.eq(table(row, [taps.stop - 1 for taps in taps_y])),
                upcoming.column0.eq(table(column, [taps.start for taps in taps_x])),
                upcoming.column1.eq(table(column, [taps.stop - 1 for taps in taps_x])),
                upcoming.slot.eq(slot),
                upcoming.start.eq(
                    column * (window.stride * words) - window.padding * words),
                upcoming.release.eq(Mux(ends, released, 0)),
                need.eq(self._need(row, column)),
                last.eq(ends & (row == window.out_rows - 1)),
                column.eq(wrapping(column, window.out_columns)),
            ]
            with m.If(ends):
                moved = slot + released
                m.d.sync += [
                    row.eq(wrapping(row, window.out_rows)),
                    slot.eq(Mux(moved >= window.ring_rows, moved - window.ring_rows, moved)),
                ]

        free = ~self.o.valid | self.o.ready
        m.d.comb += [
            taken.eq(covered & free),
            self.finish.eq(taken & last),
        ]
        # To compare takes a cycle of its own.
        m.d.sync += covered.eq(valid & ~taken & (self.filled > need))
        with m.If(free):
            m.d.sync += [self.o.valid.eq(covered), self.o.payload.eq(upcoming)]
        return m

    def _need(self, row, column):
        """The last position that a window reads, as logic: :meth:`Window.need`."""
        window = self.window
        last_row, last_column = window.out_rows - 1, window.out_columns - 1
        rows = [window.need(y, 0) // window.columns * window.columns for y in range(last_row + 1)]
        columns = [window.need(0, x) % window.columns for x in range(last_column + 1)]
        final = (row == last_row) & (column == last_column)
        return Mux(final, window.rows * window.columns - 1,
                   table(row, rows) + table(column, columns))
