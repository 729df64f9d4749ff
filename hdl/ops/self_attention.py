# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Spiking self-attention: engines of two associations, here that of keys and values first."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic, ram
from hdl.arith import wrapping
from hdl.attention_beats import AttentionBeats
from hdl.attention_sums import SumsOut
from hdl.layout import Layout
from hdl.memory import Memory, late
from hdl.score_attention import ScoreAttention
from hdl.self_attention_timing import SelfAttentionTiming
from ir import Budget, Interval
from ir.ops import SelfAttention

__all__ = ["Association", "SelfAttentionEngine", "SelfAttentionFolding", "self_attention"]


class Association(StrEnum):
    """Which product is made first; the sums are the same integers."""

    KEYS_VALUES = "keys-values"
    """Q (K^T V): rows for each key channel are counted, and asked: :class:`SelfAttentionEngine`."""

    SCORES = "scores"
    """(Q K^T) V, of spikes: a score for each two tokens: :class:`ScoreAttention`."""


@dataclass(frozen=True, kw_only=True)
class SelfAttentionFolding:
    """How many sums leave per cycle, and which product is made first.

    ``drain`` must divide the channels of a head of the value.
    """

    drain: int
    association: Association = Association.KEYS_VALUES

    def __post_init__(self):
        if self.association not in tuple(Association):
            raise ValueError(f"An attention's association is {' or '.join(Association)}, "
                             f"not {self.association!r}")
        object.__setattr__(self, "association", Association(self.association))


def self_attention(op: SelfAttention, a: Layout,
                   folding: SelfAttentionFolding) -> "SelfAttentionEngine | ScoreAttention":
    """The engine of a folding."""
    if folding.association is Association.SCORES:
        return ScoreAttention(op, a, folding.drain)
    return SelfAttentionEngine(op, a, folding)


class SelfAttentionEngine(wiring.Component):
    """Adds up the products of keys and values over all tokens, then the rows each query selects.

    A row belongs to one key channel and holds the head's value channels side by side: of spikes,
    it counts coincidences. Two banks of rows alternate: one image is counted while the other is
    asked. Queries that are counts are asked in bit planes, highest first, and the sums double
    between planes.

    Timing
    ------
    A token takes a cycle per time step and query channel to count, and that times the bits of a
    query to ask; both go on at once, for different images. The sums of a head and time step leave
    ``drain`` per cycle, and are asked no faster than they leave.

    Parameters
    ----------
    op : :class:`SelfAttention`
    a : :class:`Layout`
        Of query, key and value side by side, spikes or counts. Its lanes must divide the channels
        of the query; any block will do, blocks across query, key and value too.
    folding : :class:`SelfAttentionFolding`

    Members
    -------
    i, o
        Input and output stream.

    Attributes
    ----------
    out : :class:`Layout`
        Of the output: blocks of one head of the value.
    """

    images = 2

    def __init__(self, op: SelfAttention, a: Layout, folding: SelfAttentionFolding):
        tensor = op.output(a.tensor)
        self.beats = AttentionBeats(op, a)
        self.channels = self.beats.channels
        self.rows = tensor.steps * self.channels
        if self.rows < 4:
            raise ValueError("SelfAttentionEngine needs at least 4 values per token and query, "
                             f"not {self.rows}")
        self.op, self.a, self.folding = op, a, folding
        self.planes, self.head = a.tensor.interval.bits, op.head_channels(a.tensor)
        self.out = Layout(tensor, op.value_ratio * self.head, folding.drain)
        # Values of one row, next to each other: products, and their sums over tokens.
        product = a.tensor.interval.high**2
        self.products, self.counts = (
            data.ArrayLayout(Interval(0, most).bits, self.out.block)
            for most in (product, product * tensor.positions))
        # A register follows memories whose words come late.
        self.reading = 1 + late(self.counts.as_shape().width, self.rows)
        self.sums = SumsOut(self.out, self.head * self.planes)
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    @property
    def query_beats(self) -> int:
        """Beats of a position's queries."""
        return self.a.position_beats // self.op.parts

    def area(self) -> Budget:
        """Estimated resources."""
        tensor, out, planes = self.out.tensor, self.out, self.planes
        row = self.counts.as_shape().width
        sums = out.block * tensor.interval.bits
        registers = 2 * self.op.parts * self.rows * planes
        product = self.products.as_shape().width - out.block
        return (logic(330 + registers / 2 + 5 * row + 2 * product + (4 + (planes > 1)) * sums,
                      250 + registers + self.rows + 2 * row + 3 * product + 2 * sums)
                + ram(row, self.rows) + ram(row, self.rows)
                + ram(self.a.bits, self.images * tensor.positions * self.query_beats)
                + ram(out.bits, self.sums.depth))

    @property
    def latency(self) -> int:
        """Cycles from the last question for a sum to its first beat, nothing waiting."""
        return 2 + self.reading + self.sums.latency

    def timing(self, images: np.ndarray) -> SelfAttentionTiming:
        """When the engine does what on input ``images``, ``[N, T, parts * C, H, W]``."""
        return SelfAttentionTiming(self.op, self.a, self.out, self.sums.depth, self.reading,
                                   self.latency, len(images))

    def elaborate(self, platform):
        m = Module()
        tensor = self.out.tensor
        banks = [Memory(width=self.counts.as_shape().width, depth=self.rows) for _ in range(2)]
        m.submodules.counts0, m.submodules.counts1 = banks
        kept = self.images * tensor.positions
        m.submodules.queries = queries = Memory(
            width=self.a.bits, depth=kept * self.query_beats)
        busy, full = Signal(2), Signal(2)
        occupied = Signal(range(kept + 1))

        self.words = [bank.read_data for bank in banks]
        if self.reading > 1:
            self.words = [Signal(len(bank.read_data), reset_less=True) for bank in banks]
            m.d.sync += [words.eq(bank.read_data)
                         for words, bank in zip(self.words, banks, strict=True)]
        entered, opened, token = self._collect(m, queries, busy, occupied, kept)
        closed = self._count(m, token, banks, full)
        asked = self._fetch(m, queries, full, kept)
        left, freed = self._ask(m, asked, banks, full)
        m.d.sync += [
            occupied.eq(occupied + entered - left),
            busy.eq((busy | opened) & ~freed),
            full.eq((full | closed) & ~freed),
        ]
        return m

    def _collect(self, m, queries, busy, occupied, kept):
        """Keep queries; gather a token's keys and values and hand them on."""
        beats, positions = self.a.position_beats, self.a.tensor.positions
        beat, position, bank = Signal(range(beats)), Signal(range(positions)), Signal()
        slot = Signal(range(kept * self.query_beats))
        waiting = Signal()  # gathered, but not yet handed on
        inside, permitted = Signal(), Signal()
        begins = ~inside
        # Whether a token may enter is found out in a cycle of its own.
        room = (occupied != kept) & ~((position == 0) & busy.bit_select(bank, 1))
        taken, is_query = Signal(), self.beats.among(beat, self.beats.queries)
        m.d.sync += permitted.eq(~inside & ~taken & room)
        m.d.comb += [
            self.i.ready.eq(Mux(is_query, inside | permitted, ~waiting)),
            taken.eq(self.i.valid & self.i.ready),
            queries.write_en.eq(taken & is_query),
            queries.write_addr.eq(slot),
            queries.write_data.eq(self.i.payload),
        ]
        gathered = self.beats.gather(m, "keys_values", taken & ~is_query, self.i.payload,
                                     queries=False)
        token = {"waiting": waiting, "values": gathered, "taken": Signal(),
                 "first": Signal(), "last": Signal(), "bank": Signal()}
        with m.If(token["taken"]):
            m.d.sync += waiting.eq(0)
        with m.If(taken):
            m.d.sync += [beat.eq(wrapping(beat, beats)), inside.eq(beat != beats - 1)]
            with m.If(is_query):
                m.d.sync += slot.eq(wrapping(slot, kept * self.query_beats))
            # A token's first beat is a query's, its last a value's.
            with m.If(beat == beats - 1):
                m.d.sync += [
                    waiting.eq(1), token["first"].eq(position == 0),
                    token["last"].eq(position == positions - 1), token["bank"].eq(bank),
                    position.eq(wrapping(position, positions)),
                ]
                with m.If(position == positions - 1):
                    m.d.sync += bank.eq(~bank)
        opened = Mux(taken & begins & (position == 0), 1 << bank, 0)
        return taken & begins, opened, token

    def _count(self, m, token, banks, full):
        """For every key channel and time step: add its products with the head's values."""
        tensor, head, planes, channels = self.out.tensor, self.head, self.planes, self.channels
        steps, wide = range(tensor.steps), self.out.block * planes
        active, row = Signal(), Signal(range(self.rows))
        keys, values = (Signal(self.rows * planes),
                        Signal(tensor.steps * tensor.channels * planes))
        first, last, bank = Signal(), Signal(), Signal()
        channel = Signal(range(head))
        ends = active & (row == self.rows - 1)
        m.d.comb += token["taken"].eq(token["waiting"] & (~active | ends))
        with m.If(active):
            m.d.sync += [row.eq(wrapping(row, self.rows)), keys.eq(keys.shift_right(planes)),
                         channel.eq(wrapping(channel, head))]
            with m.If(channel == head - 1):
                m.d.sync += values.eq(values.shift_right(wide))
        with m.If(ends):
            m.d.sync += active.eq(0)
        with m.If(token["taken"]):
            m.d.sync += [
                active.eq(1), first.eq(token["first"]), last.eq(token["last"]),
                bank.eq(token["bank"]),
                keys.eq(Cat(token["values"][t, channels + c]
                            for t in steps for c in range(channels))),
                values.eq(Cat(token["values"][t, 2 * channels + c]
                              for t in steps for c in range(tensor.channels))),
            ]
        reading = self.reading
        at = [Signal(data.StructLayout({
            "valid": 1, "first": 1, "closing": 1, "bank": 1, "row": row.shape(),
            "add": self.products}), name=f"count_{n}") for n in range(2 + reading)]
        m.d.sync += [
            at[0].valid.eq(active), at[0].first.eq(first), at[0].closing.eq(ends & last),
            at[0].bank.eq(bank), at[0].row.eq(row),
            *(after.eq(before) for before, after in pairwise(at)),
        ]
        for j in range(self.out.block):
            value = values.word_select(j, planes)
            m.d.sync += at[0].add[j].eq(
                sum(Mux(keys[plane], value << plane, 0) for plane in range(planes)))
        read, result = Signal(self.counts), Signal(self.counts)
        m.d.sync += read.as_value().eq(Mux(at[reading - 1].bank, self.words[1], self.words[0]))
        for j in range(self.out.block):
            m.d.sync += result[j].eq(Mux(at[reading].first, 0, read[j]) + at[reading].add[j])
        for b, memory in enumerate(banks):
            m.d.comb += [
                memory.write_en.eq(at[-1].valid & (at[-1].bank == b)),
                memory.write_addr.eq(at[-1].row), memory.write_data.eq(result),
            ]
            with m.If(~full[b]):
                m.d.comb += memory.read_addr.eq(row)
        return Mux(at[-1].closing, 1 << at[-1].bank, 0)

    def _fetch(self, m, queries, full, kept):
        """Gather the next token's queries, while those of the one before are asked."""
        beats, positions = self.query_beats, self.out.tensor.positions
        fetch, fetched, fetch_bank = Signal(range(beats)), Signal(), Signal()
        fetch_position, slot = Signal(range(positions)), Signal(range(kept * beats))
        arriving, arrives, complete = Signal(2), Signal(2), Signal()
        found = Signal(self.a.bits, reset_less=True)
        loading, take = Signal(), Signal()
        m.d.comb += [
            loading.eq(~fetched & full.bit_select(fetch_bank, 1)),
            queries.read_addr.eq(slot),
        ]
        m.d.sync += [arriving.eq(Cat(loading, arriving)), found.eq(queries.read_data),
                     arrives.eq(Cat(loading & (fetch == beats - 1), arrives))]
        with m.If(loading):
            m.d.sync += [fetch.eq(wrapping(fetch, beats)), slot.eq(wrapping(slot, kept * beats))]
            with m.If(fetch == beats - 1):
                m.d.sync += [fetched.eq(1), fetch_position.eq(wrapping(fetch_position, positions))]
                with m.If(fetch_position == positions - 1):
                    m.d.sync += fetch_bank.eq(~fetch_bank)
        gathered = self.beats.gather(m, "queries_of_token", arriving[1], found, queries=True)
        with m.If(arrives[1]):
            m.d.sync += complete.eq(1)
        with m.If(take):
            m.d.sync += [fetched.eq(0), complete.eq(0)]
        return {"complete": complete, "taken": take, "values": gathered}

    def _ask(self, m, asked, banks, full):
        """For every token, head, time step and bit plane: add the rows that the query selects."""
        tensor, head, planes = self.out.tensor, self.head, self.planes
        positions, take = tensor.positions, asked["taken"]
        active, bank = Signal(), Signal()
        position = Signal(range(positions))
        channel, plane, step, number = (Signal(range(head)), Signal(range(planes)),
                                        Signal(range(tensor.steps)), Signal(range(self.op.heads)))
        query = Signal(self.rows * planes)
        issue, sum_done, token_done = Signal(), Signal(), Signal()
        m.d.comb += [
            sum_done.eq((channel == head - 1) & (plane == planes - 1)),
            issue.eq(active & (~sum_done | self.sums.permits(m, self.o, issue & sum_done))),
            token_done.eq(issue & sum_done & (step == tensor.steps - 1)
                          & (number == self.op.heads - 1)),
            take.eq(asked["complete"] & (~active | token_done)),
        ]
        with m.If(issue):
            m.d.sync += [channel.eq(wrapping(channel, head)), query.eq(query.shift_right(1))]
            with m.If(channel == head - 1):
                m.d.sync += plane.eq(wrapping(plane, planes))
            with m.If(sum_done):
                m.d.sync += step.eq(wrapping(step, tensor.steps))
                with m.If(step == tensor.steps - 1):
                    m.d.sync += number.eq(wrapping(number, self.op.heads))
        freed = token_done & (position == positions - 1)
        with m.If(token_done):
            m.d.sync += [active.eq(0), position.eq(wrapping(position, positions))]
            with m.If(position == positions - 1):
                m.d.sync += bank.eq(~bank)
        with m.If(take):
            m.d.sync += [active.eq(1), query.eq(Cat(
                asked["values"][t, h * head + i][bit] for h in range(self.op.heads)
                for t in range(tensor.steps) for bit in reversed(range(planes))
                for i in range(head)))]
        for b, memory in enumerate(banks):
            with m.If(full[b]):
                m.d.comb += memory.read_addr.eq(
                    step * self.channels + number * head + channel)
        at = Signal(data.StructLayout({
            "valid": 1, "bank": 1, "selects": 1, "first": 1, "double": 1, "done": 1}),
            name="ask_0")
        m.d.sync += [
            at.valid.eq(issue), at.bank.eq(bank), at.selects.eq(query[0]),
            at.first.eq((channel == 0) & (plane == 0)),
            at.double.eq((channel == 0) & (plane != 0)), at.done.eq(issue & sum_done),
        ]
        self._sum(m, at)
        return token_done, Mux(freed, 1 << bank, 0)

    def _sum(self, m, issued):
        """Add selected rows; send finished sums out, ``drain`` per cycle."""
        out, lanes, reading = self.out, range(self.out.block), self.reading
        at = [issued, *(Signal.like(issued, name=f"ask_{n}") for n in range(1, 2 + reading))]
        m.d.sync += [after.eq(before) for before, after in pairwise(at)]
        row, sums = Signal(self.counts), Signal(data.ArrayLayout(out.shape, out.block))
        m.d.sync += row.as_value().eq(Mux(at[reading - 1].bank, self.words[1], self.words[0]))
        adds = at[reading]
        with m.If(adds.valid):
            for j in lanes:
                kept = sums[j] if self.planes == 1 else Mux(adds.double, sums[j].shift_left(1),
                                                            sums[j])
                m.d.sync += sums[j].eq(Mux(adds.first, 0, kept) + Mux(adds.selects, row[j], 0))
        self.sums.send(m, self.o, sums.as_value(), at[-1].done)
