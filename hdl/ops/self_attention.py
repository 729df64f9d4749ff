"""Spiking self-attention, keys and values first."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic, ram
from hdl.arith import wrapping
from hdl.fifo import Fifo
from hdl.layout import Layout
from hdl.memory import Memory
from hdl.self_attention_timing import SelfAttentionTiming
from ir import Budget
from ir.ops import SelfAttention

__all__ = ["SelfAttentionEngine", "SelfAttentionFolding"]


@dataclass(frozen=True, kw_only=True)
class SelfAttentionFolding:
    """How many sums leave per cycle; must divide the channels of a head."""

    drain: int


class SelfAttentionEngine(wiring.Component):
    """Counts key-value coincidences of all tokens, then adds the counts that each query selects.

    A row of counts belongs to one key channel and holds the head's value channels side by side.
    Two banks of counts alternate: one image is counted while the other is asked.

    Timing
    ------
    A token takes ``steps * channels`` cycles to count and as many to ask; both go on at once, for
    different images. The sums of a head and time step leave ``drain`` per cycle.

    Parameters
    ----------
    op : :class:`SelfAttention`
    a : :class:`Layout`
        Of query, key and value side by side; its block must divide the channels of each.
    folding : :class:`SelfAttentionFolding`

    Members
    -------
    i, o
        Input and output stream.

    Attributes
    ----------
    out : :class:`Layout`
        Of the output: blocks of one head.
    """

    images = 2

    def __init__(self, op: SelfAttention, a: Layout, folding: SelfAttentionFolding):
        tensor = op.output(a.tensor)
        if tensor.channels % a.block:
            raise ValueError(f"SelfAttentionEngine takes blocks that divide {tensor.channels} "
                             f"channels, not blocks of {a.block}")
        if tensor.steps * tensor.channels < 4:
            raise ValueError("SelfAttentionEngine needs at least 4 values per token, not "
                             f"{tensor.steps * tensor.channels}")
        self.op, self.a, self.folding = op, a, folding
        self.head = op.head_channels(a.tensor)
        self.out = Layout(tensor, self.head, folding.drain)
        self.buffer_depth = 16 * -(-(8 + 2 * self.out.groups) // 16)
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    @property
    def part_beats(self) -> int:
        """Beats of a position's queries, keys or values."""
        return self.a.position_beats // 3

    def area(self) -> Budget:
        """Estimated resources."""
        tensor, head, out = self.out.tensor, self.head, self.out
        values, count = tensor.steps * tensor.channels, tensor.positions.bit_length()
        sums = head * out.tensor.interval.bits
        return (logic(250 + 6 * values + 2 * head * count + 3 * sums,
                      150 + 7 * values + 2 * head * count + 2 * sums)
                + ram(head * count, values) + ram(head * count, values)
                + ram(self.a.lanes, self.images * tensor.positions * self.part_beats)
                + ram(out.bits, self.buffer_depth))

    def timing(self, images: np.ndarray) -> SelfAttentionTiming:
        """When the engine does what on input ``images``, ``[N, T, 3 C, H, W]``."""
        return SelfAttentionTiming(self.a, self.out, self.head, self.buffer_depth, len(images))

    def elaborate(self, platform):
        m = Module()
        tensor = self.out.tensor
        values = tensor.steps * tensor.channels
        count_bits = tensor.positions.bit_length()
        banks = [Memory(width=self.head * count_bits, depth=values) for _ in range(2)]
        m.submodules.counts0, m.submodules.counts1 = banks
        kept = self.images * tensor.positions
        m.submodules.queries = queries = Memory(
            width=self.a.lanes, depth=kept * self.part_beats)
        busy, full = Signal(2), Signal(2)
        occupied = Signal(range(kept + 1))

        entered, opened, token = self._collect(m, queries, busy, occupied, kept)
        closed = self._count(m, token, banks, full, values)
        left, freed = self._ask(m, queries, banks, full, values, kept)
        m.d.sync += [
            occupied.eq(occupied + entered - left),
            busy.eq((busy | opened) & ~freed),
            full.eq((full | closed) & ~freed),
        ]
        return m

    def _gather(self, m, name, beat, taken, payload):
        """A register of one position's bits of a part, in the order of its beats."""
        bits = Signal(self.part_beats * self.a.lanes, name=name)
        for n in range(self.part_beats):
            with m.If(taken & (beat == n)):
                m.d.sync += bits[n * self.a.lanes:(n + 1) * self.a.lanes].eq(payload)
        return bits

    def _arranged(self, bits, order):
        """The gathered bits again, in another order of (step, channel)."""
        place = {}
        part = Layout(self.out.tensor, self.a.block, self.a.lanes)
        for n, (position, step, first) in enumerate(part.order()):
            if position == 0:
                for lane in range(self.a.lanes):
                    place[step, first + lane] = n * self.a.lanes + lane
        return Cat(bits[place[at]] for at in order)

    def _collect(self, m, queries, busy, occupied, kept):
        """Keep queries; gather a token's keys and values and hand them on."""
        beats, positions = self.part_beats, self.a.tensor.positions
        beat, part = Signal(range(beats)), Signal(range(3))
        position, bank = Signal(range(positions)), Signal()
        slot = Signal(range(kept * beats))
        waiting = Signal()  # gathered, but not yet handed on
        inside, permitted = Signal(), Signal()
        begins = ~inside
        # Whether a token may enter is found out in a cycle of its own.
        room = (occupied != kept) & ~((position == 0) & busy.bit_select(bank, 1))
        taken = Signal()
        m.d.sync += permitted.eq(~inside & ~taken & room)
        m.d.comb += [
            self.i.ready.eq(Mux(part == 0, inside | permitted, ~waiting)),
            taken.eq(self.i.valid & self.i.ready),
            queries.write_en.eq(taken & (part == 0)),
            queries.write_addr.eq(slot),
            queries.write_data.eq(self.i.payload),
        ]
        keys = self._gather(m, "keys", beat, taken & (part == 1), self.i.payload)
        values = self._gather(m, "values", beat, taken & (part == 2), self.i.payload)
        token = {"waiting": waiting, "keys": keys, "values": values, "taken": Signal(),
                 "first": Signal(), "last": Signal(), "bank": Signal()}
        with m.If(token["taken"]):
            m.d.sync += waiting.eq(0)
        with m.If(taken):
            m.d.sync += [beat.eq(wrapping(beat, beats)),
                         inside.eq(~((part == 2) & (beat == beats - 1)))]
            with m.If(part == 0):
                m.d.sync += slot.eq(wrapping(slot, kept * beats))
            with m.If(beat == beats - 1):
                m.d.sync += part.eq(wrapping(part, 3))
                with m.If(part == 2):
                    m.d.sync += [
                        waiting.eq(1), token["first"].eq(position == 0),
                        token["last"].eq(position == positions - 1), token["bank"].eq(bank),
                        position.eq(wrapping(position, positions)),
                    ]
                    with m.If(position == positions - 1):
                        m.d.sync += bank.eq(~bank)
        opened = Mux(taken & begins & (position == 0), 1 << bank, 0)
        return taken & begins, opened, token

    def _count(self, m, token, banks, full, values):
        """For every key channel and time step: add the head's values to its row of counts."""
        tensor, head = self.out.tensor, self.head
        order = [(t, c) for t in range(tensor.steps) for c in range(tensor.channels)]
        active, row = Signal(), Signal(range(values))
        keys, value_bits = Signal(values), Signal(values)
        first, last, bank = Signal(), Signal(), Signal()
        channel = Signal(range(head))
        ends = active & (row == values - 1)
        m.d.comb += token["taken"].eq(token["waiting"] & (~active | ends))
        with m.If(active):
            m.d.sync += [row.eq(wrapping(row, values)), keys.eq(keys >> 1),
                         channel.eq(wrapping(channel, head))]
            with m.If(channel == head - 1):
                m.d.sync += value_bits.eq(value_bits >> head)
        with m.If(ends):
            m.d.sync += active.eq(0)
        with m.If(token["taken"]):
            m.d.sync += [
                active.eq(1), first.eq(token["first"]), last.eq(token["last"]),
                bank.eq(token["bank"]),
                keys.eq(self._arranged(token["keys"], order)),
                value_bits.eq(self._arranged(token["values"], order)),
            ]
        at = [Signal(data.StructLayout({
            "valid": 1, "first": 1, "closing": 1, "bank": 1, "row": row.shape(),
            "add": head}), name=f"count_{n}") for n in range(3)]
        m.d.sync += [
            at[0].valid.eq(active), at[0].first.eq(first), at[0].closing.eq(ends & last),
            at[0].bank.eq(bank), at[0].row.eq(row),
            at[0].add.eq(Mux(keys[0], value_bits[:head], 0)), at[1].eq(at[0]), at[2].eq(at[1]),
        ]
        counts = data.ArrayLayout(tensor.positions.bit_length(), head)
        read, result = Signal(counts), Signal(counts)
        m.d.sync += read.as_value().eq(
            Mux(at[0].bank, banks[1].read_data, banks[0].read_data))
        for j in range(head):
            m.d.sync += result[j].eq(Mux(at[1].first, 0, read[j]) + at[1].add[j])
        for b, memory in enumerate(banks):
            m.d.comb += [
                memory.write_en.eq(at[2].valid & (at[2].bank == b)),
                memory.write_addr.eq(at[2].row), memory.write_data.eq(result),
            ]
            with m.If(~full[b]):
                m.d.comb += memory.read_addr.eq(row)
        return Mux(at[2].closing, 1 << at[2].bank, 0)

    def _ask(self, m, queries, banks, full, values, kept):
        """For every token, head and time step: add the rows that the query selects."""
        tensor, head, out = self.out.tensor, self.head, self.out
        beats, positions = self.part_beats, tensor.positions

        # The next token's queries are gathered while this one is asked.
        fetch, fetched, fetch_bank = Signal(range(beats)), Signal(), Signal()
        fetch_position, slot = Signal(range(positions)), Signal(range(kept * beats))
        arriving, arriving_beat, complete = Signal(), Signal.like(fetch), Signal()
        loading, take = Signal(), Signal()
        m.d.comb += [
            loading.eq(~fetched & full.bit_select(fetch_bank, 1)),
            queries.read_addr.eq(slot),
        ]
        m.d.sync += [arriving.eq(loading), arriving_beat.eq(fetch)]
        with m.If(loading):
            m.d.sync += [fetch.eq(wrapping(fetch, beats)), slot.eq(wrapping(slot, kept * beats))]
            with m.If(fetch == beats - 1):
                m.d.sync += [fetched.eq(1), fetch_position.eq(wrapping(fetch_position, positions))]
                with m.If(fetch_position == positions - 1):
                    m.d.sync += fetch_bank.eq(~fetch_bank)
        gathered = self._gather(m, "query", arriving_beat, arriving, queries.read_data)
        with m.If(arriving & (arriving_beat == beats - 1)):
            m.d.sync += complete.eq(1)
        with m.If(take):
            m.d.sync += [fetched.eq(0), complete.eq(0)]

        active, bank = Signal(), Signal()
        position = Signal(range(positions))
        channel, step, number = (Signal(range(head)), Signal(range(tensor.steps)),
                                 Signal(range(self.op.heads)))
        query = Signal(values)
        room = Signal(range(self.buffer_depth + 1), init=self.buffer_depth)
        issue, sum_done, token_done = Signal(), Signal(), Signal()
        m.d.comb += [
            sum_done.eq(channel == head - 1),
            issue.eq(active & (~sum_done | (room >= out.groups))),
            token_done.eq(issue & sum_done & (step == tensor.steps - 1)
                          & (number == self.op.heads - 1)),
            take.eq(complete & (~active | token_done)),
        ]
        m.d.sync += room.eq(room + (self.o.valid & self.o.ready)
                            - Mux(issue & sum_done, out.groups, 0))
        with m.If(issue):
            m.d.sync += [channel.eq(wrapping(channel, head)), query.eq(query >> 1)]
            with m.If(sum_done):
                m.d.sync += step.eq(wrapping(step, tensor.steps))
                with m.If(step == tensor.steps - 1):
                    m.d.sync += number.eq(wrapping(number, self.op.heads))
        freed = token_done & (position == positions - 1)
        with m.If(token_done):
            m.d.sync += [active.eq(0), position.eq(wrapping(position, positions))]
            with m.If(position == positions - 1):
                m.d.sync += bank.eq(~bank)
        order = [(t, h * head + i) for h in range(self.op.heads) for t in range(tensor.steps)
                 for i in range(head)]
        with m.If(take):
            m.d.sync += [active.eq(1), query.eq(self._arranged(gathered, order))]
        for b, memory in enumerate(banks):
            with m.If(full[b]):
                m.d.comb += memory.read_addr.eq(
                    step * tensor.channels + number * head + channel)
        self._sum(m, banks, bank, issue, query[0], channel == 0, sum_done)
        return token_done, Mux(freed, 1 << bank, 0)

    def _sum(self, m, banks, bank, issue, selects, first, done):
        """Add selected rows; send finished sums out, ``drain`` per cycle."""
        out, head = self.out, self.head
        at = [Signal(data.StructLayout({
            "valid": 1, "bank": 1, "selects": 1, "first": 1, "done": 1}), name=f"ask_{n}")
            for n in range(3)]
        m.d.sync += [
            at[0].valid.eq(issue), at[0].bank.eq(bank), at[0].selects.eq(selects),
            at[0].first.eq(first), at[0].done.eq(issue & done), at[1].eq(at[0]), at[2].eq(at[1]),
        ]
        counts = data.ArrayLayout(out.tensor.positions.bit_length(), head)
        row, sums = Signal(counts), Signal(data.ArrayLayout(out.shape, head))
        m.d.sync += row.as_value().eq(Mux(at[0].bank, banks[1].read_data, banks[0].read_data))
        with m.If(at[1].valid):
            for j in range(head):
                m.d.sync += sums[j].eq(Mux(at[1].first, 0, sums[j])
                                       + Mux(at[1].selects, row[j], 0))
        waiting, left = Signal(head * out.shape.width), Signal(range(out.groups + 1))
        m.d.sync += [
            waiting.eq(Mux(at[2].done, sums.as_value(), waiting >> out.bits)),
            left.eq(Mux(at[2].done, out.groups, Mux(left == 0, 0, left - 1))),
        ]
        m.submodules.buffer = buffer = Fifo(self.o.payload.shape(), self.buffer_depth)
        m.d.comb += [buffer.i.valid.eq(left != 0),
                     buffer.i.payload.as_value().eq(waiting[:out.bits])]
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
