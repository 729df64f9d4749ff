"""Reads the windows of a convolution, word by word."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.arith import table, wrapping
from hdl.fifo import Fifo
from hdl.layout import Layout
from hdl.window import Window
from hdl.window_source import window_layout

__all__ = ["WordReader", "word_layout"]


def word_layout(layout: Layout, window: Window, scan: int) -> data.StructLayout:
    """One word of a window: ``scan`` channels of one tap at one time step.

    ``bits`` holds the channels side by side; ``base`` is the weight row of the first of them;
    ``last`` marks the last word of a window and ``release`` the rows to forget with it.
    """
    return data.StructLayout({
        "bits": scan * layout.tensor.interval.bits,
        "base": range(window.kernel**2 * layout.tensor.channels),
        "step": range(layout.tensor.steps),
        "last": 1,
        "release": range(window.ring_rows + 1),
    })


class WordReader(wiring.Component):
    """Reads each window in the order time step, kernel row, kernel column, word.

    Taps outside the map are left out, or hold ``pad_value`` where that is not zero.

    Timing
    ------
    One word per cycle, :attr:`LATENCY` cycles from a window to its first word. Addresses are
    issued only while the buffer at the output has room, so the memory pipeline never stalls.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the input tensor.
    window : :class:`Window`
    scan : int
        Channels of a word.
    pad_value : int

    Members
    -------
    i
        Windows, see :func:`hdl.window_source.window_layout`.
    read_addr, read_data
        To :class:`hdl.row_buffer.RowBuffer`.
    o
        Words, see :func:`word_layout`.
    """

    LATENCY = 6
    DEPTH = 16

    def __init__(self, layout: Layout, window: Window, scan: int, *, pad_value: int = 0):
        self.layout, self.window, self.scan, self.pad_value = layout, window, scan, pad_value
        self.words = layout.tensor.channels // scan
        self.position_words = layout.tensor.steps * self.words
        depth = window.ring_positions * self.position_words
        super().__init__({
            "i": In(stream.Signature(window_layout(window, self.position_words))),
            "read_addr": Out(range(max(depth, 2))),
            "read_data": In(scan * layout.tensor.interval.bits),
            "o": Out(stream.Signature(word_layout(layout, window, scan))),
        })

    def elaborate(self, platform):
        m = Module()
        issue, word = self._walk(m)
        self._fetch(m, issue, word)
        return m

    def _walk(self, m):
        """Name one word of the window per cycle."""
        at = self.i.p
        steps, kernel = self.layout.tensor.steps, self.window.kernel
        row0, row1, column0, column1 = at.row0, at.row1, at.column0, at.column1
        if self.pad_value:
            row0, row1, column0, column1 = C(0), C(kernel - 1), C(0), C(kernel - 1)
        fresh = Signal(init=1)
        row, column = Signal(range(kernel)), Signal(range(kernel))
        step, word = Signal(range(steps)), Signal(range(self.words))
        row_now, column_now = Signal.like(row), Signal.like(column)
        credit = Signal(range(self.DEPTH + 1), init=self.DEPTH)
        issue, last, outside = Signal(), Signal(), Signal()
        m.d.comb += [
            row_now.eq(Mux(fresh, row0, row)),
            column_now.eq(Mux(fresh, column0, column)),
            outside.eq((row_now < at.row0) | (row_now > at.row1)
                       | (column_now < at.column0) | (column_now > at.column1)),
            issue.eq(self.i.valid & (credit != 0)),
            last.eq((word == self.words - 1) & (column_now == column1) & (row_now == row1)
                    & (step == steps - 1)),
            self.i.ready.eq(issue & last),
        ]
        m.d.sync += credit.eq(credit - issue + (self.o.valid & self.o.ready))
        with m.If(issue):
            m.d.sync += [fresh.eq(last), row.eq(row_now), column.eq(column_now),
                         word.eq(wrapping(word, self.words))]
            with m.If(word == self.words - 1):
                m.d.sync += column.eq(column_now + 1)
                with m.If(column_now == column1):
                    m.d.sync += [column.eq(column0), row.eq(row_now + 1)]
                    with m.If(row_now == row1):
                        m.d.sync += [row.eq(row0), step.eq(wrapping(step, steps))]
        return issue, {"row": row_now, "column": column_now, "step": step, "word": word,
                       "last": last, "outside": outside}

    def _fetch(self, m, issue, word):
        """Add up the address, read the memory, buffer what comes."""
        window, channels = self.window, self.layout.tensor.channels
        ring, per_row = window.ring_rows, window.columns * self.position_words
        slot = Signal(range(2 * ring))
        m.d.comb += slot.eq(self.i.p.slot + word["row"] - self.i.p.row0)

        row_part = Signal(range(ring * per_row))
        column_part = Signal(range(-window.padding * self.position_words,
                                   (window.columns + 2 * window.kernel) * self.position_words))
        word_part = Signal(range(max(2, self.position_words)))
        tap_part = Signal(range(window.kernel**2 * channels))
        channel_part = Signal(range(channels))
        m.d.sync += [
            row_part.eq(table(slot, [n % ring * per_row for n in range(2 * ring)])),
            column_part.eq(self.i.p.start + word["column"] * self.position_words),
            word_part.eq(word["step"] * self.words + word["word"]),
            tap_part.eq((word["row"] * window.kernel + word["column"]) * channels),
            channel_part.eq(word["word"] * self.scan),
            self.read_addr.eq(row_part + column_part + word_part),
        ]
        base, bits = Signal.like(tap_part), Signal.like(self.read_data)
        m.d.sync += [base.eq(tap_part + channel_part), bits.eq(self.read_data)]

        tags = data.StructLayout({
            "valid": 1, "last": 1, "outside": 1, "step": word["step"].shape(),
            "release": self.i.p.release.shape(), "base": base.shape()})
        delayed = [Signal(tags, name=f"tags_{cycle}") for cycle in range(1, 5)]
        m.d.sync += [
            delayed[0].valid.eq(issue),
            delayed[0].last.eq(word["last"]),
            delayed[0].outside.eq(word["outside"]),
            delayed[0].step.eq(word["step"]),
            delayed[0].release.eq(Mux(word["last"], self.i.p.release, 0)),
        ]
        m.d.sync += [after.eq(before) for before, after in zip(delayed, delayed[1:], strict=False)]
        m.d.sync += delayed[2].base.eq(base)

        width = self.layout.tensor.interval.bits
        padding = sum(self.pad_value << width * lane for lane in range(self.scan))
        m.submodules.buffer = buffer = Fifo(self.o.payload.shape(), self.DEPTH)
        arrived, into = delayed[3], buffer.i
        m.d.comb += [
            into.valid.eq(arrived.valid),
            into.p.bits.eq(Mux(arrived.outside, padding, bits)),
            into.p.base.eq(arrived.base),
            into.p.step.eq(arrived.step),
            into.p.last.eq(arrived.last),
            into.p.release.eq(arrived.release),
        ]
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
