"""Finds the spikes of a window and lists them, so that they can be added again and again."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.layout import Layout
from hdl.memory import Memory
from hdl.window import Window
from hdl.word_reader import word_layout

__all__ = ["EventLists"]


class EventLists(wiring.Component):
    """Turns the words of a window into lists of weight rows, one list per segment.

    A segment is one bit plane of one time step, planes from the highest down; spikes have one
    plane, and the highest plane of signed values is their sign. Two banks alternate: one is filled
    while the other is replayed.

    Timing
    ------
    A word takes as many cycles as it has ones, and at least one. A bank is full two cycles after
    the last of its window's words is done with.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the input tensor.
    window : :class:`Window`
    scan : int
        Channels of a word.

    Members
    -------
    i
        Words, see :func:`hdl.word_reader.word_layout`.
    full
        Bit ``b``: bank ``b`` holds a whole window.
    counts
        Events of each segment, bank 0 first.
    free
        Strobe: bank ``b`` has been replayed for the last time.
    read_addr, read_data
        The lists: bank, segment and index, highest first, give a weight row.
    """

    def __init__(self, layout: Layout, window: Window, scan: int):
        self.layout, self.window, self.scan = layout, window, scan
        self.planes = layout.tensor.interval.bits
        self.segments = layout.tensor.steps * self.planes
        self.longest = window.kernel**2 * layout.tensor.channels
        self.segment_depth = 1 << max(1, (self.longest - 1).bit_length())
        self.depth = 2 * self.segments * self.segment_depth
        super().__init__({
            "i": In(stream.Signature(word_layout(layout, window, scan))),
            "full": Out(2),
            "counts": Out(data.ArrayLayout(range(self.longest + 1), 2 * self.segments)),
            "free": In(2),
            "read_addr": In(range(self.depth)),
            "read_data": Out(range(self.longest)),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.lists = lists = Memory(width=len(self.read_data), depth=self.depth)
        m.d.comb += [lists.read_addr.eq(self.read_addr), self.read_data.eq(lists.read_data)]

        event, opens, bank = self._find(m)
        index, count = Signal(range(2 * self.segments)), Signal(range(self.longest + 1))
        m.d.comb += [
            index.eq(event.bank * self.segments + event.segment),
            count.eq(self.counts[index]),
            lists.write_en.eq(event.valid & event.spike),
            lists.write_addr.eq(index * self.segment_depth + count),
            lists.write_data.eq(event.row),
        ]
        with m.If(event.valid & event.spike):
            m.d.sync += self.counts[index].eq(count + 1)
        for b in range(2):
            with m.If(opens & (bank == b)):
                m.d.sync += [self.counts[b * self.segments + s].eq(0)
                             for s in range(self.segments)]
            with m.If(self.free[b]):
                m.d.sync += self.full[b].eq(0)
            with m.Elif(event.valid & event.last & (event.bank == b)):
                m.d.sync += self.full[b].eq(1)
        return m

    def _find(self, m):
        """Take one word after the other and name one of its ones per cycle."""
        width = self.scan * self.planes
        word, valid, begins = Signal.like(self.i.p), Signal(), Signal(init=1)
        bank, busy = Signal(), Signal(2)
        rest, lowest = Signal(width), Signal(width)
        take, opens = Signal(), Signal()
        single = Signal()
        m.d.comb += [
            lowest.eq(word.bits & ~(word.bits - 1)),
            rest.eq(word.bits & (word.bits - 1)),
            self.i.ready.eq((~valid | single) & ~(begins & busy.bit_select(bank, 1))),
            take.eq(self.i.valid & self.i.ready),
            opens.eq(take & begins),
        ]
        # Whether a word ends with a cycle is known a cycle ahead.
        m.d.sync += single.eq(Mux(take, self.i.p.ones <= 1, word.ones <= 2))
        into = Signal()  # the bank of the word at hand
        with m.If(take):
            m.d.sync += [word.eq(self.i.p), valid.eq(1), into.eq(bank), begins.eq(self.i.p.last)]
            with m.If(self.i.p.last):
                m.d.sync += bank.eq(~bank)
        with m.Else():
            m.d.sync += [word.bits.eq(rest), word.ones.eq(word.ones - 1)]
            with m.If(single):
                m.d.sync += valid.eq(0)
        for b in range(2):
            with m.If(opens & (bank == b)):
                m.d.sync += busy[b].eq(1)
            with m.Elif(self.free[b]):
                m.d.sync += busy[b].eq(0)

        event = Signal(data.StructLayout({
            "valid": 1, "spike": 1, "last": 1, "bank": 1, "segment": range(self.segments),
            "row": range(self.longest)}))
        channel, plane = Signal(range(self.scan)), Signal(range(self.planes))
        found = [(bit // self.planes, self.planes - 1 - bit % self.planes)
                 for bit in range(width)]
        for signal, part in ((channel, 0), (plane, 1)):
            for position in range(len(signal)):
                mask = sum(1 << bit for bit, names in enumerate(found)
                           if names[part] >> position & 1)
                m.d.comb += signal[position].eq((lowest & mask).any())
        m.d.sync += [
            event.valid.eq(valid),
            event.spike.eq(word.bits.any()),
            event.last.eq(word.last & single),
            event.bank.eq(into),
            event.segment.eq(word.step * self.planes + plane),
            event.row.eq(word.base + channel),
        ]
        return event, opens, bank
