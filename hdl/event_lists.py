"""Finds the spikes of a window and lists them, so that they can be added again and again."""

from amaranth import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.arith import joined
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
    A word takes as many cycles as it has ones, and at least one. A bank is full three cycles after
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
    some, many
        Bit per segment, in the same order: whether it has any events, or more than one.
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
            "some": Out(2 * self.segments), "many": Out(2 * self.segments),
            "free": In(2),
            "read_addr": In(range(self.depth)),
            "read_data": Out(range(self.longest)),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.lists = lists = Memory(width=len(self.read_data), depth=self.depth)
        m.d.comb += [lists.read_addr.eq(self.read_addr), self.read_data.eq(lists.read_data)]

        event, opens, fresh = self._find(m)
        # The lists that grow are those of one step: their counts need no search among all.
        counts = Signal(data.ArrayLayout(range(self.longest + 1), self.planes))
        count, found = Signal(range(self.longest + 1)), Signal()
        following = Signal.like(count)
        m.d.comb += [
            count.eq(counts[event.plane]),
            following.eq(count + 1),
            found.eq(event.valid & event.spike),
        ]
        for plane in range(self.planes):
            with m.If(fresh):
                m.d.sync += counts[plane].eq(0)
            with m.Elif(found & (event.plane == plane)):
                m.d.sync += counts[plane].eq(following)
        # What the reader is to know, it may know a cycle later.
        noted = Signal(data.StructLayout({
            "event": event.shape(), "spike": 1, "place": count.shape(), "count": count.shape()}))
        m.d.sync += [noted.event.eq(event), noted.spike.eq(found), noted.place.eq(count),
                     noted.count.eq(following)]
        event, found = noted.event, noted.spike
        place = noted.place[:self.segment_depth.bit_length() - 1]
        m.d.comb += [lists.write_en.eq(found), lists.write_addr.eq(Cat(place, event.segment)),
                     lists.write_data.eq(event.row)]
        for segment in range(2 * self.segments):
            with m.If(opens[segment // self.segments]):
                m.d.sync += [self.counts[segment].eq(0), self.some[segment].eq(0),
                             self.many[segment].eq(0)]
            with m.Elif(found & (event.segment == segment)):
                m.d.sync += [self.counts[segment].eq(noted.count), self.some[segment].eq(1),
                             self.many[segment].eq(self.some[segment])]
        for b in range(2):
            with m.If(self.free[b]):
                m.d.sync += self.full[b].eq(0)
            with m.Elif(event.valid & event.last & (event.bank == b)):
                m.d.sync += self.full[b].eq(1)
        return m

    def _find(self, m):
        """Take one word after the other and name one of its ones per cycle.

        Beside it, a cycle after a bank's first word was taken, that it opens; and whether the next
        event is of another bank or step than the ones before.
        """
        planes, segments = self.planes, self.segments
        width = self.scan * planes
        word, valid, begins = Signal.like(self.i.p), Signal(), Signal(init=1)
        bank, busy = Signal(), Signal(2)
        rest, lowest = Signal(width), Signal(width)
        take, opens = Signal(), Signal(2)
        single, fresh = Signal(), Signal()
        m.d.comb += [
            lowest.eq(word.bits & ~(word.bits - 1)),
            rest.eq(word.bits & (word.bits - 1)),
            self.i.ready.eq((~valid | single) & ~(begins & busy.bit_select(bank, 1))),
            take.eq(self.i.valid & self.i.ready),
        ]
        # Whether a word ends with a cycle is known a cycle ahead.
        m.d.sync += [single.eq(Mux(take, self.i.p.ones <= 1, word.ones <= 2)),
                     fresh.eq(take & (begins | (self.i.p.step != word.step)))]
        # The bank of the word at hand, and the first of its step's segments.
        into, first = Signal(), Signal(range(2 * segments))
        with m.If(take):
            m.d.sync += [word.eq(self.i.p), valid.eq(1), into.eq(bank), begins.eq(self.i.p.last),
                         first.eq(bank * segments + self.i.p.step * planes)]
            with m.If(self.i.p.last):
                m.d.sync += bank.eq(~bank)
        with m.Else():
            m.d.sync += [word.bits.eq(rest), word.ones.eq(word.ones - 1)]
            with m.If(single):
                m.d.sync += valid.eq(0)
        for b in range(2):
            m.d.sync += opens[b].eq(take & begins & (bank == b))
            with m.If(opens[b]):
                m.d.sync += busy[b].eq(1)
            with m.Elif(self.free[b]):
                m.d.sync += busy[b].eq(0)

        event = Signal(data.StructLayout({
            "valid": 1, "spike": 1, "last": 1, "bank": 1, "segment": range(2 * segments),
            "plane": range(planes), "row": range(self.longest)}))
        channel, plane = self._named(m, lowest)
        m.d.sync += [
            event.valid.eq(valid),
            event.spike.eq(word.bits.any()),
            event.last.eq(word.last & single),
            event.bank.eq(into),
            event.segment.eq(joined(first, plane, planes)),
            event.plane.eq(plane),
            event.row.eq(joined(word.base, channel, self.scan)),
        ]
        return event, opens, fresh

    def _named(self, m, lowest):
        """Channel and plane of the only bit of a word that is set."""
        planes, width = self.planes, len(lowest)
        channel, plane = Signal(range(self.scan)), Signal(range(planes))
        found = [(bit // planes, planes - 1 - bit % planes) for bit in range(width)]
        for signal, part in ((channel, 0), (plane, 1)):
            for position in range(len(signal)):
                mask = sum(1 << bit for bit, names in enumerate(found)
                           if names[part] >> position & 1)
                m.d.comb += signal[position].eq((lowest & mask).any())
        return channel, plane
