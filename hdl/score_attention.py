# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Spiking self-attention, queries and keys first."""

from math import ceil

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.adders import LEVELS, Adders
from hdl.area import Area, blocks, logic, ram
from hdl.arith import table, wrapping
from hdl.attention_beats import AttentionBeats
from hdl.attention_sums import SumsOut
from hdl.attention_words import AttentionWords, Runs
from hdl.layout import Layout
from hdl.memory import Memory, late
from hdl.score_attention_timing import ScoreAttentionTiming
from ir import Budget, Interval
from ir.ops import SelfAttention

__all__ = ["ScoreAttention"]

PARTS = ("query", "key", "value")

COUNTED = 4
"""Bits that one look-up counts the ones of."""

PIECES, WIDEST = 24, 36
"""Of so many pieces of LUT RAM, a memory that one block RAM holds becomes one on ECP5."""


def _late(width: int, depth: int) -> bool:
    """Whether words come late: these memories are often just below what :func:`late` knows."""
    pieces = -(-width // 4) * -(-depth // 16)
    return late(width, depth) or (width <= WIDEST and pieces >= PIECES)


class ScoreAttention(wiring.Component):
    """Counts what a query and every key have in common, and adds that up where values are spikes.

    Queries, keys and values lie in memories, a word for each token, head and time step. Two images
    alternate: the words of one are written while those of the other are asked.

    Timing
    ------
    A token takes a cycle per time step, head and token to ask; beats come in at any time but where
    an image begins before the last but one has been asked. The sums of a head and time step leave
    ``drain`` per cycle, and are asked no faster than they leave.

    Parameters
    ----------
    op : :class:`SelfAttention`
    a : :class:`Layout`
        Of query, key and value side by side, spikes; raises ValueError for counts. Its lanes must
        divide the channels of a head of the query: more would come in faster than any is asked.
        Any block will do, blocks across query, key and value too.
    drain : int
        How many sums leave per cycle; must divide the channels of a head of the value.

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

    def __init__(self, op: SelfAttention, a: Layout, drain: int):
        tensor = op.output(a.tensor)
        if not a.tensor.is_spikes:
            raise ValueError(f"ScoreAttention takes spikes, not counts of {a.tensor.interval}")
        self.op, self.a, self.beats = op, a, AttentionBeats(op, a)
        self.head, self.tokens = op.head_channels(a.tensor), tensor.positions
        if self.head % a.lanes:
            raise ValueError(f"ScoreAttention takes lanes that divide the {self.head} channels of "
                             f"a head, not {a.lanes} lanes")
        self.out = Layout(tensor, op.value_ratio * self.head, drain)
        self.words = tensor.steps * op.heads
        self.depth = self.images * self.tokens * self.words
        self.score = Interval(0, self.head).bits
        # A register follows memories whose words come late.
        self.reading = 1 + max(_late(width, self.depth) for width in (self.head, self.out.block))
        self._prepare()
        levels = (-(-self.head // COUNTED) - 1).bit_length()
        self.counting = 1 + ceil(levels / LEVELS)
        self.sums = SumsOut(self.out, self.tokens)
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    def _prepare(self):
        """Find out how query, key and value come, and how long the last words are written."""
        channels, order = self.beats.channels, self.beats.order
        part = [min(first // channels, 2) for _, first in order]
        self.tags = [[each == n for each in part] for n in range(len(PARTS))]
        self.runs = [
            Runs(tuple((step, first - n * channels) for (step, first), mine in zip(
                order, tags, strict=True) if mine), width, self.a.lanes)
            for n, (tags, width) in enumerate(zip(
                self.tags, (self.head, self.head, self.out.block), strict=True))]
        self.writers = [AttentionWords(runs, steps=self.a.tensor.steps, tokens=self.tokens,
                                       far=far, near=near) for runs, far, near in zip(
            self.runs, (self.words, 1, 1), (1, self.tokens, self.tokens), strict=True)]
        self.writing = max(runs.words - tags[::-1].index(True)
                           for runs, tags in zip(self.runs, self.tags, strict=True))

    def area(self) -> Budget:
        """Estimated resources."""
        head, value, bits = self.head, self.out.block, self.out.shape.width
        parts = [writer.area() for writer in self.writers]
        parts += [self._words(runs.width) for runs in self.runs]
        return sum(parts, logic(130 + 3.9 * head + value * (2 * bits + 2.3),
                                78 + 2 * head + value * (self.counting + self.score + 2 * bits))
                   + ram(self.out.bits, self.sums.depth))

    def _words(self, width: int) -> Area:
        """A memory, and the register behind it, which a block RAM has of its own."""
        if _late(width, self.depth):
            return blocks(width, self.depth)
        rows = -(-self.depth // 16)
        return logic(6 * -(-width // 4) * rows + 1.2 * width * (rows - 1), self.reading * width)

    @property
    def latency(self) -> int:
        """Cycles from the last question for a sum to its first beat, nothing waiting."""
        return self.reading + self.counting + 1 + self.sums.latency

    def timing(self, images: np.ndarray) -> ScoreAttentionTiming:
        """When the engine does what on input ``images``, ``[N, T, parts * C, H, W]``."""
        return ScoreAttentionTiming(self.a, self.out, self.words, self.writing, self.sums.depth,
                                    self.latency, len(images))

    def elaborate(self, platform):
        m = Module()
        query, key, value = memories = [Memory(width=each.width, depth=self.depth)
                                        for each in self.runs]
        m.submodules.queries, m.submodules.keys, m.submodules.values = memories
        busy, full = Signal(self.images), Signal(self.images)
        opened, closed = self._collect(m, memories, busy)
        freed, asked = self._ask(m, query, (key, value), full)
        m.d.sync += [busy.eq((busy | opened) & ~freed), full.eq((full | closed) & ~freed)]
        if self.reading > 1:
            words = [self._later(m, memory.read_data, reset_less=True) for memory in memories]
        else:
            words = [memory.read_data for memory in memories]
        self._sum(m, *self._score(m, *words, asked))
        return m

    def _collect(self, m, memories, busy):
        """Take tokens in and write their words; says which image begins, and which is complete."""
        beats = self.a.position_beats
        beat, token, bank = Signal(range(beats)), Signal(range(self.tokens)), Signal()
        begins, taken = Signal(init=1), Signal()
        for name, part, writer, memory in zip(PARTS, self.tags, self.writers, memories,
                                              strict=True):
            m.submodules[name] = writer
            m.d.comb += [
                writer.taken.eq(taken & AttentionBeats.among(beat, part)),
                writer.beat.eq(self.i.payload.as_value()),
                memory.write_en.eq(writer.write_en), memory.write_addr.eq(writer.write_addr),
                memory.write_data.eq(writer.write_data),
            ]
        ends = taken & (beat == beats - 1)
        m.d.comb += [self.i.ready.eq(~(begins & busy.bit_select(bank, 1))),
                     taken.eq(self.i.valid & self.i.ready)]
        with m.If(taken):
            m.d.sync += [beat.eq(wrapping(beat, beats)), begins.eq(0)]
        with m.If(ends):
            m.d.sync += token.eq(wrapping(token, self.tokens))
            with m.If(token == self.tokens - 1):
                m.d.sync += [begins.eq(1), bank.eq(~bank)]
        closed = Mux(ends & (token == self.tokens - 1), 1 << bank, 0)
        for _ in range(self.writing):
            closed = self._later(m, closed)
        return Mux(taken & begins, 1 << bank, 0), closed

    def _ends(self, at, bank):
        """Whether an address is an image's last."""
        return at == (bank + 1) * self.tokens * self.words - 1

    def _ask(self, m, query, others, full):
        """For every token, head and time step: read all tokens' keys and values."""
        bank, issue, sum_done, token_done = Signal(), Signal(), Signal(), Signal()
        number, token = Signal(range(self.tokens)), Signal(range(self.tokens))
        at, slot = Signal(range(self.depth)), Signal(range(self.depth))
        first = Mux(bank, self.tokens * self.words, 0)
        image_done = token_done & (token == self.tokens - 1)
        m.d.comb += [
            sum_done.eq(number == self.tokens - 1),
            issue.eq(full.bit_select(bank, 1)
                     & (~sum_done | self.sums.permits(m, self.o, issue & sum_done))),
            token_done.eq(issue & (self._ends(at, 0) | self._ends(at, 1))),
            query.read_addr.eq(slot), *(memory.read_addr.eq(at) for memory in others),
        ]
        with m.If(issue):
            m.d.sync += [number.eq(wrapping(number, self.tokens)), at.eq(at + 1)]
            with m.If(sum_done):
                m.d.sync += slot.eq(wrapping(slot, self.depth))
        with m.If(token_done):
            m.d.sync += [token.eq(wrapping(token, self.tokens)), at.eq(first)]
        with m.If(image_done):
            m.d.sync += [bank.eq(~bank), at.eq(wrapping(at, self.depth))]
        asked = Signal(data.StructLayout({"valid": 1, "done": 1}))
        m.d.comb += [asked.valid.eq(issue), asked.done.eq(issue & sum_done)]
        return Mux(image_done, 1 << bank, 0), asked

    def _score(self, m, query, key, value, asked):
        """Count the ones that query and key share; with the count come the value, nothing where
        nothing was asked, and whether a sum is done with it."""
        for _ in range(self.reading):
            asked = self._later(m, asked)
        shared = query & key
        parts = [shared[n:n + COUNTED] for n in range(0, self.head, COUNTED)]
        counts = [self._later(m, table(part, [bits.bit_count() for bits in range(1 << len(part))]))
                  for part in parts]
        value = self._later(m, Mux(asked.valid, value, 0))
        tree = Adders(lambda each: self._later(m, each))
        score = tree.sum([(count, False) for count in counts])
        if tree.level:
            score = self._later(m, score)
        done = self._later(m, asked.done)
        for _ in range(self.counting - 1):
            value, done = self._later(m, value), self._later(m, done)
        return score, value, done

    @staticmethod
    def _later(m, value, **options):
        """A value a cycle later."""
        later = Signal.like(value, **options)
        m.d.sync += later.eq(value)
        return later

    def _sum(self, m, score, value, done):
        """Add scores up where values are spikes; done sums leave past their registers."""
        bits = self.out.shape.width
        sums, total = (Signal(data.ArrayLayout(self.out.shape, self.out.block), name=name)
                       for name in ("sums", "total"))
        last = self._later(m, done)
        for j in range(self.out.block):
            added = self._later(m, Mux(value[j], score, 0))
            m.d.comb += total[j].eq((sums[j] + added)[:bits])
            m.d.sync += sums[j].eq(Mux(last, 0, total[j]))
        self.sums.send(m, self.o, total.as_value(), last)
