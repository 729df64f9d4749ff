"""Linear layer on spikes whose weights' sums over a few inputs each stand in a table."""

from functools import reduce
from operator import or_

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import ROM_DEPTH, logic, rom
from hdl.arith import counter, joined, pack_rows
from hdl.layout import Layout, shape_of
from hdl.memory import Memory
from hdl.table_timing import TableTiming
from ir import Budget, Interval
from ir.ops import Conv

__all__ = ["TableLinear"]

PIECES = (4, 2, 1)
"""Inputs that share a table, where the tables are not too deep."""

ROWS = 512
"""Words of an ECP5's block RAM at its widest: more of them would take more blocks."""


class TableLinear(wiring.Component):
    """Adds up, for all output channels at once, what a table has for each few inputs that spike.

    A piece is a few neighbouring inputs; the tables have a word for each of its patterns: the sums
    of the weights of those that spike, for all output channels. Each cycle a piece that has any
    spikes is looked up and added. There is no list, no output buffer and no second set of
    registers: a group of output channels works a cycle behind the group before it, so that groups
    end one after the other and their sums leave as they are made. Sums start from the bias.

    Timing
    ------
    See :mod:`hdl.table_timing`: a time step takes a cycle for every piece that has spikes, at
    least one for every beat of the input, and at least one for every beat of the output. What is
    behind the search moves as a whole: a beat that is not taken stops it.

    Parameters
    ----------
    op : :class:`Conv`
        Of kernel 1 and stride 1.
    a : :class:`Layout`
        Of the input: spikes, all channels of a time step in a row. A beat is searched at once.
    out : :class:`Layout`
        Of the output: all channels of a time step in a row. A beat is a group.
    name : str
        Names the memory contents; unique in a design.

    Members
    -------
    i, o
        Input and output stream.
    """

    def __init__(self, op: Conv, a: Layout, out: Layout, *, name: str):
        if op.kernel != 1 or op.stride != 1 or not a.tensor.is_spikes:
            raise ValueError("A convolution by tables is linear on spikes: kernel and stride 1, "
                             f"not {op.kernel} and {op.stride}, of {a.tensor.interval}")
        for layout in (a, out):
            if layout.tensor.steps > 1 and layout.blocks > 1:
                raise ValueError(f"A convolution by tables over {layout.tensor.steps} time steps "
                                 f"takes and gives all {layout.tensor.channels} channels in a "
                                 f"block, not {layout.block}")
        self.op, self.a, self.out, self.name = op, a, out, name
        self.groups = op.out_channels // out.lanes
        self.piece = next((size for size in PIECES if a.lanes % size == 0
                           and (op.in_channels // size << size) <= ROWS), 1)
        super().__init__({"i": In(a.signature()), "o": Out(out.signature())})

    @property
    def tables(self) -> np.ndarray:
        """``[rows, channels]``: piece after piece, pattern after pattern."""
        weights = self.op.weight[:, :, 0, 0].astype(int) << self.op.shift.astype(int)[:, None]
        pieces = weights.reshape(len(weights), -1, self.piece)
        patterns = np.arange(1 << self.piece)[:, None] >> np.arange(self.piece) & 1
        return np.einsum("cps,vs->pvc", pieces, patterns).reshape(-1, len(weights))

    @property
    def latency(self) -> int:
        """Steps from a time step's last look-up to its first beat."""
        return 5 if self.groups > 1 else 4

    def area(self) -> Budget:
        """Estimated resources."""
        a, out, tables = self.a, self.out, self.tables
        # An adder's cells come in pairs, its lowest sum takes one more; a LUT joins four groups.
        sums = self.op.out_channels * (out.shape.width + out.shape.width % 2 + 1)
        joints = -(-(self.groups - 1) // 3) * out.bits
        row = len(tables).bit_length()
        need = logic(sums + joints + 20 + 2 * a.lanes + 3 * row + 3 * self.groups,
                     2 * self.op.out_channels * out.shape.width + (self.groups > 1) * out.bits
                     + 3 * a.lanes + (4 + self.groups) * row + 30)
        table = rom(out.lanes * self.entry.width, len(tables))
        if len(tables) <= ROM_DEPTH:
            # Of a piece without spikes nothing is kept.
            table = logic(table.luts * (1 - 2 ** -self.piece), table.ffs)
        return sum([table] * self.groups, need)

    def timing(self, images: np.ndarray) -> TableTiming:
        """When the engine does what on input ``images``, ``[N, T, C, H, W]``."""
        return TableTiming(self.a, self.groups, self.piece, self.latency, images)

    def elaborate(self, platform):
        m = Module()
        run = Signal()
        m.d.comb += run.eq(~self.o.valid | self.o.ready)
        event, tags = self._named(m, run)
        groups = [self._group(m, number, row, at, run)
                  for number, (row, at) in enumerate(self._passed(m, event, tags, run))]
        sent = reduce(or_, (done for _, done in groups))
        sums = reduce(or_, (value for value, _ in groups))
        if self.groups == 1:
            m.d.comb += self.o.payload.eq(sums)
            with m.If(run):
                m.d.sync += self.o.valid.eq(sent)
            return m
        ahead, payload = Signal(), Signal(len(sums), reset_less=True)
        m.d.comb += self.o.payload.eq(payload)
        with m.If(run):
            m.d.sync += [ahead.eq(sent), self.o.valid.eq(ahead), payload.eq(sums)]
        return m

    @property
    def entry(self) -> Shape:
        """Of one output channel's sum in a table."""
        tables = self.tables
        return shape_of(Interval(int(tables.min()), int(tables.max())))

    @property
    def _words(self) -> int:
        return self.op.in_channels // self.a.lanes

    @property
    def _pieces(self) -> int:
        """Of a beat."""
        return self.a.lanes // self.piece

    @property
    def _event(self) -> data.StructLayout:
        return data.StructLayout({"valid": 1, "done": 1, "row": range(len(self.tables))})

    def _find(self, m, go):
        """Name one piece with spikes per cycle, of a beat without any the first."""
        pieces = self._pieces
        layout = data.StructLayout({
            "values": data.ArrayLayout(self.piece, pieces), "some": pieces,
            "base": range(self._words), "last": 1})
        held, word, found = (Signal(layout, name=name) for name in ("held", "word", "found"))
        waits, valid, single, load = Signal(), Signal(), Signal(), Signal()
        there, done = Signal(), Signal()
        taken = self.i.valid & self.i.ready
        base, last = counter(m, self._words, taken, "beat")
        values = Signal.like(held.values)
        m.d.comb += [
            values.as_value().eq(self.i.payload),
            self.i.ready.eq(~waits | load),
            load.eq((~valid | single) & go),
        ]
        with m.If(self.i.ready):
            m.d.sync += [waits.eq(self.i.valid), held.values.eq(values), held.base.eq(base),
                         held.some.eq(Cat(value.any() for value in values)), held.last.eq(last)]
        first = Cat(bit & ~word.some[:n].any() for n, bit in enumerate(word.some))
        with m.If(load):
            m.d.sync += [valid.eq(waits), word.eq(held), single.eq(_at_most(held.some, 1)[1])]
        with m.Elif(go):
            m.d.sync += [word.some.eq(word.some & ~first),
                         single.eq(_at_most(word.some, 2)[2])]
        with m.If(go):
            m.d.sync += [found.eq(word), found.some.eq(first), there.eq(valid),
                         done.eq(valid & word.last & single)]

        event = Signal(self._event)
        chosen = [Mux(bit, value, 0) for bit, value in zip(found.some, found.values, strict=True)]
        index = Cat(reduce(or_, (bit for n, bit in enumerate(found.some) if n >> place & 1))
                    for place in range((pieces - 1).bit_length()))
        m.d.comb += [
            event.valid.eq(there), event.done.eq(done),
            event.row.eq(Cat(reduce(or_, chosen)[:self.piece],
                             joined(found.base * pieces, index, pieces)
                             if pieces > 1 else found.base)),
        ]
        return event

    def _named(self, m, run):
        """The event to look up; whether it is, and ends a time step. Another waits beside it.

        The last of a time step is looked up when the groups of the one before are out of the way.
        """
        event, beside = Signal(self._event), Signal(self._event)
        waits, accepts, moves = Signal(max(1, self.groups - 1)), Signal(), Signal()
        go = ~beside.valid
        found = self._find(m, go)
        ends = Signal()
        m.d.comb += [
            moves.eq(event.valid & ~(event.done & waits[0])),
            ends.eq(event.done & ~waits[0]),
            accepts.eq(~event.valid | (moves & run)),
        ]
        with m.If(accepts):
            m.d.sync += [event.eq(Mux(beside.valid, beside, found)), beside.valid.eq(0)]
        with m.Elif(go):
            m.d.sync += beside.eq(found)
        if self.groups > 1:
            with m.If(run):
                m.d.sync += waits.eq(Mux(ends, -1, waits >> 1))
        return event, Cat(moves, ends)

    def _passed(self, m, event, named, run):
        """Each group's row, and what it is to do two cycles later: a cycle after the one before."""
        rows, tags = [event.row], [named]
        for n in range(self.groups + 2):
            tags.append(Signal(2, name=f"tag_{n}"))
            rows.append(Signal.like(event.row, name=f"row_{n}", reset_less=True))
            with m.If(run):
                m.d.sync += [tags[-1].eq(tags[-2]), rows[-1].eq(rows[-2])]
        return [(rows[1 + n], tags[3 + n]) for n in range(self.groups)]

    def _group(self, m, number, row, at, run):
        """Look up and add; the sums of a beat, zero unless they are done, and whether they are."""
        out, tables = self.out, self.tables
        channels = slice(number * out.lanes, (number + 1) * out.lanes)
        entry = self.entry
        m.submodules[f"table_{number}"] = memory = Memory(
            width=out.lanes * entry.width, depth=len(tables), name=f"{self.name}_table{number}",
            contents=pack_rows(tables[:, channels], entry.width))
        words = Signal(data.ArrayLayout(entry, out.lanes), reset_less=True,
                       name=f"words_{number}")
        m.d.comb += [memory.read_addr.eq(row), memory.read_en.eq(run)]
        with m.If(run):
            m.d.sync += words.eq(memory.read_data)

        # To clear a register, to whatever value, is no gate where it goes before its enable.
        start = [int(value) for value in self.op.bias[channels]]
        sums = Signal(out.payload, init=start, name=f"sums_{number}")
        total = Signal(out.payload, name=f"total_{number}")
        sent = Signal(out.payload, name=f"sent_{number}")
        event, done = at
        for lane in range(out.lanes):
            m.d.comb += total[lane].eq(sums[lane] + words[lane])
        with m.If(run & done):
            for lane in range(out.lanes):
                m.d.sync += sums[lane].eq(start[lane])
        with m.Elif(run & event):
            m.d.sync += sums.eq(total)
        with m.If(run & ~done):
            m.d.sync += sent.as_value().eq(0)
        with m.Elif(run):
            m.d.sync += sent.eq(total)
        return sent.as_value(), done


def _at_most(bits: Value, count: int) -> list[Value]:
    """Whether at most 0, 1, ... ``count`` bits are set; a tree: to subtract is a carry chain."""
    if len(bits) == 1:
        return [~bits, *[C(1)] * count]
    half = len(bits) // 2
    low, high = _at_most(bits[:half], count), _at_most(bits[half:], count)
    return [reduce(or_, (low[n] & high[total - n] for n in range(total + 1)))
            for total in range(count + 1)]
