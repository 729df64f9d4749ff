"""Reads the windows of a convolution, word by word."""

from itertools import pairwise

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.arith import counter, ones, pack, table, total
from hdl.delayed import delayed
from hdl.fifo import Fifo
from hdl.layout import Layout
from hdl.window import Window
from hdl.window_source import window_layout

__all__ = ["WordReader", "word_layout"]


def word_layout(layout: Layout, window: Window, scan: int) -> data.StructLayout:
    """One word of a window: ``scan`` channels of one tap at one time step.

    ``bits`` holds the channels side by side and ``ones`` counts them; ``base`` is the weight row of
    the first channel; ``last`` marks the last word of a window and ``release`` the rows to forget
    with it.
    """
    return data.StructLayout({
        "bits": scan * layout.tensor.interval.bits,
        "ones": range(scan * layout.tensor.interval.bits + 1),
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
    One word per cycle, and at least two cycles per window. A word comes :meth:`latency` cycles
    after it is named, and the first address of a window is issued two cycles after the
    window is offered. Addresses are issued only while the buffer at the output has room, so the
    memory pipeline never stalls.

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

    COUNTED = 8
    """Bits that are counted in a cycle; of more the fours are, and added up in another."""

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

    @staticmethod
    def latency(layout: Layout, window: Window, scan: int) -> int:
        """Cycles from a word's being named to its being offered, nothing waiting."""
        bits = word_layout(layout, window, scan).size
        return WordReader.fetching(layout, scan) + Fifo.latency(bits, WordReader.DEPTH)

    @staticmethod
    def fetching(layout: Layout, scan: int) -> int:
        """Cycles from a word's being named to its coming to the buffer."""
        return 5 + (scan * layout.tensor.interval.bits > WordReader.COUNTED)

    def elaborate(self, platform):
        m = Module()
        issue, word = self._walk(m)
        self._fetch(m, issue, word)
        return m

    def _walk(self, m):
        """Name one word of the window per cycle; the next window waits beside."""
        steps, kernel = self.layout.tensor.steps, self.window.kernel
        upcoming, waiting = Signal.like(self.i.p), Signal()
        at, active = Signal.like(self.i.p), Signal()
        row, column = Signal(range(kernel)), Signal(range(kernel))
        column_ends, row_ends, words_end = Signal(), Signal(), Signal()
        row0, row1, column0, column1 = at.row0, at.row1, at.column0, at.column1
        first_row, first_column = upcoming.row0, upcoming.column0
        last_row, last_column = upcoming.row1, upcoming.column1
        if self.pad_value:
            row0 = column0 = first_row = first_column = C(0)
            row1 = column1 = last_row = last_column = C(kernel - 1)
        credit, some = Signal(range(self.DEPTH + 1), init=self.DEPTH), Signal(init=1)
        popped = Signal()
        issue, last, outside, turn = Signal(), Signal(), Signal(), Signal()
        word, word_ends = counter(m, self.words, issue, "word")
        step, step_ends = counter(m, steps, words_end & column_ends & row_ends, "step")
        m.d.comb += [
            outside.eq((row < at.row0) | (row > at.row1)
                       | (column < at.column0) | (column > at.column1)),
            issue.eq(active & some),
            words_end.eq(issue & word_ends),
            last.eq(word_ends & column_ends & row_ends & step_ends),
            turn.eq(~active | (issue & last)),
            self.i.ready.eq(~waiting),
        ]
        m.d.sync += [
            popped.eq(self.o.valid & self.o.ready),
            credit.eq(credit - issue + popped),
            some.eq(popped | (credit > 1) | ((credit == 1) & ~issue)),
        ]
        with m.If(self.i.valid & ~waiting):
            m.d.sync += [upcoming.eq(self.i.p), waiting.eq(1)]
        # Whether a row or column is the window's last is known a cycle ahead.
        with m.If(words_end):
            m.d.sync += [column.eq(column + 1), column_ends.eq(column + 1 == column1)]
            with m.If(column_ends):
                m.d.sync += [column.eq(column0), column_ends.eq(column0 == column1),
                             row.eq(row + 1), row_ends.eq(row + 1 == row1)]
                with m.If(row_ends):
                    m.d.sync += [row.eq(row0), row_ends.eq(row0 == row1)]
        with m.If(turn):
            m.d.sync += active.eq(waiting)
            with m.If(waiting):
                m.d.sync += [at.eq(upcoming), row.eq(first_row), column.eq(first_column),
                             row_ends.eq(first_row == last_row),
                             column_ends.eq(first_column == last_column), waiting.eq(0)]
        return issue, {"row": row, "column": column, "step": step, "word": word,
                       "last": last, "outside": outside, "window": at}

    def _fetch(self, m, issue, word):
        """Add up the address, read the memory, buffer what comes."""
        window, channels = self.window, self.layout.tensor.channels
        ring, per_row = window.ring_rows, window.columns * self.position_words
        slot = Signal(range(2 * ring))
        at = word["window"]
        m.d.comb += slot.eq(at.slot + word["row"] - at.row0)

        row_part = Signal(range(ring * per_row))
        column_part = Signal(range(-window.padding * self.position_words,
                                   (window.columns + 2 * window.kernel) * self.position_words))
        word_part = Signal(range(max(2, self.position_words)))
        tap_part = Signal(range(window.kernel**2 * channels))
        channel_part = Signal(range(channels))
        m.d.sync += [
            row_part.eq(table(slot, [n % ring * per_row for n in range(2 * ring)])),
            column_part.eq(at.start + word["column"] * self.position_words),
            word_part.eq(word["step"] * self.words + word["word"]),
            tap_part.eq((word["row"] * window.kernel + word["column"]) * channels),
            channel_part.eq(word["word"] * self.scan),
            self.read_addr.eq(row_part + column_part + word_part),
        ]
        base, bits = Signal.like(tap_part), Signal.like(self.read_data, reset_less=True)
        m.d.sync += [base.eq(tap_part + channel_part), bits.eq(self.read_data)]

        tags = data.StructLayout({
            "valid": 1, "last": 1, "outside": 1, "step": word["step"].shape(),
            "release": at.release.shape(), "base": base.shape()})
        cycles = self.fetching(self.layout, self.scan)
        behind = [Signal(tags, name=f"tags_{cycle}") for cycle in range(1, cycles + 1)]
        m.d.sync += [
            behind[0].valid.eq(issue),
            behind[0].last.eq(word["last"]),
            behind[0].outside.eq(word["outside"]),
            behind[0].step.eq(word["step"]),
            behind[0].release.eq(Mux(word["last"], at.release, 0)),
        ]
        m.d.sync += [after.eq(before) for before, after in pairwise(behind)]
        m.d.sync += behind[2].base.eq(base)

        m.submodules.buffer = buffer = Fifo(self.o.payload.shape(), self.DEPTH)
        arrived, into = behind[-1], buffer.i
        self._count(m, bits, behind[3].outside, into.p)
        m.d.comb += [
            into.valid.eq(arrived.valid),
            into.p.base.eq(arrived.base),
            into.p.step.eq(arrived.step),
            into.p.last.eq(arrived.last),
            into.p.release.eq(arrived.release),
        ]
        wiring.connect(m, buffer.o, wiring.flipped(self.o))

    def _count(self, m, bits, outside, into):
        """The bits, or padding, and how many are set: counting has a cycle for itself, or two."""
        padding = C(pack([self.pad_value] * self.scan, self.layout.tensor.interval.bits),
                    len(bits))
        wide = len(bits) > self.COUNTED
        size = 4 if wide else len(bits)
        parts = [slice(n, n + size) for n in range(0, len(bits), size)]
        shown, counts = Mux(outside, padding, bits), [
            Mux(outside, ones(padding[part]), ones(bits[part])) for part in parts]
        if wide:
            shown, *counts = (delayed(m, value, 1) for value in (shown, *counts))
        m.d.sync += [into.bits.eq(shown), into.ones.eq(total(counts))]
