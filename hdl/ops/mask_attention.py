# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Spike-driven self-attention by masks."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic, ram
from hdl.arith import wrapping
from hdl.layout import Layout
from hdl.mask_attention_tokens import MaskAttentionTokens
from hdl.memory import Memory
from hdl.steps import Steps
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import MaskAttention

__all__ = ["MaskAttentionLanes", "MaskAttentionTiming", "mask_attention_lanes"]

PERMIT = 1
"""Cycles to find out whether a position may enter."""

LEFT = 2
"""Cycles from asking for a position's last words to there being room for another."""


def mask_attention_lanes(op: MaskAttention,
                         a: Layout) -> "MaskAttentionLanes | MaskAttentionTokens":
    """The component for this cut of query, key and value: several beats a token, or one."""
    return MaskAttentionTokens(op, a) if a.whole else MaskAttentionLanes(op, a)


@dataclass(frozen=True)
class MaskAttentionTiming:
    """Mask attention at work on so many images; what they hold makes no difference."""

    a: Layout
    out: Layout
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.a.image_beats + PERMIT * self.a.tensor.positions)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        full: list[int] = []
        freed: list[int] = []
        left: list[int] = []
        steps = Steps(o, MaskAttentionLanes.SENDING)
        return [self._collect(i, full, freed, left), self._send(steps, full, freed, left),
                steps.leave(self.images * self.out.image_beats)]

    def _collect(self, i: Wire, full: list[int], freed: list[int], left: list[int]) -> Process:
        positions, ready, beat, number = self.a.tensor.positions, 0, 0, 0
        kept = MaskAttentionLanes.images * positions
        for image in range(self.images):
            while image >= 2 and len(freed) <= image - 2:
                yield
            ready = max(ready, freed[image - 2] + 1 if image >= 2 else 0)
            for _ in range(positions):
                while number >= kept and len(left) <= number - kept:
                    yield
                ready = max(ready, left[number - kept] + LEFT if number >= kept else 0) + PERMIT
                number += 1
                for _ in range(self.a.position_beats):
                    yield from i.offered(beat)
                    ready = i.take(ready) + 1
                    beat += 1
            full.append(ready + 1)

    def _send(self, steps: Steps, full: list[int], freed: list[int], left: list[int]) -> Process:
        step = cycle = 0
        for image in range(self.images):
            while len(full) <= image:
                yield
            for _ in range(self.out.tensor.positions):
                for _ in range(self.out.position_beats):
                    step, cycle = yield from steps.enter(step, full[image])
                    steps.entered.append(step)
                    step += 1
                left.append(cycle)
            freed.append((yield from steps.enter(step, 0))[1])


class MaskAttentionLanes(wiring.Component):
    """ANDs keys and values into masks over all tokens, then masks the queries that were kept.

    Two images are in work at once: one is collected while the other leaves.

    Timing
    ------
    One beat per cycle in and one more cycle per position, one beat per cycle out. The first beat
    of an image leaves :attr:`LATENCY` cycles after its last came in. A position waits at the
    input while :attr:`images` images of queries are kept, an image while both masks are in use.

    Parameters
    ----------
    op : :class:`MaskAttention`
    a : :class:`Layout`
        Of query, key and value side by side; its block must divide the channels of each.

    Members
    -------
    i, o
        Input and output stream.
    """

    SENDING = 3
    """Steps from asking for a beat's words to offering it."""

    LATENCY = 2 + SENDING
    images = 2

    def __init__(self, op: MaskAttention, a: Layout):
        tensor = op.output(a.tensor)
        if tensor.channels % a.block:
            raise ValueError(f"MaskAttentionLanes takes blocks that divide {tensor.channels} "
                             f"channels, not blocks of {a.block}")
        self.a, self.out = a, a.retyped(tensor)
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    def area(self) -> Budget:
        """Estimated resources."""
        lanes, beats = self.a.lanes, self.out.position_beats
        masks = [ram(lanes, beats)] * 3
        return sum(masks, logic(150 + 5 * lanes, 70 + 4 * lanes)) + ram(
            lanes, self.images * self.a.tensor.positions * beats)

    def timing(self, images: np.ndarray) -> "MaskAttentionTiming":
        """When the component does what on input ``images``, ``[N, T, 3 C, H, W]``."""
        return MaskAttentionTiming(self.a, self.out, len(images))

    def elaborate(self, platform):
        m = Module()
        lanes, beats = self.a.lanes, self.out.position_beats
        positions = self.a.tensor.positions
        kept = self.images * positions
        m.submodules.queries = queries = Memory(width=lanes, depth=kept * beats)
        m.submodules.keys = keys = Memory(width=lanes, depth=beats)
        m.submodules.mask0 = mask0 = Memory(width=lanes, depth=beats)
        m.submodules.mask1 = mask1 = Memory(width=lanes, depth=beats)
        masks = (mask0, mask1)
        busy, full = Signal(2), Signal(2)
        occupied = Signal(range(kept + 1))
        released = self._send(m, queries, masks, full)
        opened, closed, entered = self._collect(m, queries, keys, masks, busy, occupied, kept)
        freed = Signal(2)
        m.d.comb += freed.eq(released["mask"])
        # What has entered may be counted late: no other can enter at once.
        came, left = Signal(), Signal()
        m.d.sync += [
            came.eq(entered), left.eq(released["position"]), occupied.eq(occupied + came - left),
            busy.eq((busy | opened) & ~freed),
            full.eq((full | closed) & ~freed),
        ]
        return m

    def _collect(self, m, queries, keys, masks, busy, occupied, kept):
        beats, positions = self.out.position_beats, self.a.tensor.positions
        beat, part = Signal(range(beats)), Signal(range(3))
        position, bank = Signal(range(positions)), Signal()
        slot = Signal(range(kept * beats))
        inside, ready = Signal(), Signal()
        begins = ~inside
        taken, ends, closing = Signal(), Signal(), Signal()
        # Whether a position may enter is found out in a cycle of its own.
        room = (occupied != kept) & ~((position == 0) & busy.bit_select(bank, 1))
        m.d.sync += ready.eq(Mux(taken, ~ends, inside | room))
        m.d.comb += [
            self.i.ready.eq(ready),
            taken.eq(self.i.valid & ready),
            ends.eq((part == 2) & (beat == beats - 1)),
            closing.eq(taken & ends & (position == positions - 1)),
            queries.write_en.eq(taken & (part == 0)),
            queries.write_addr.eq(slot),
            queries.write_data.eq(self.i.payload),
            keys.write_en.eq(taken & (part == 1)),
            keys.write_addr.eq(beat),
            keys.write_data.eq(self.i.payload),
            keys.read_addr.eq(beat),
        ]
        with m.If(taken):
            m.d.sync += [beat.eq(wrapping(beat, beats)),
                         inside.eq(~ends)]
            with m.If(part == 0):
                m.d.sync += slot.eq(wrapping(slot, kept * beats))
            with m.If(beat == beats - 1):
                m.d.sync += part.eq(wrapping(part, 3))
                with m.If(part == 2):
                    m.d.sync += position.eq(wrapping(position, positions))
                    with m.If(position == positions - 1):
                        m.d.sync += bank.eq(~bank)

        update = Signal(data.StructLayout({
            "valid": 1, "first": 1, "closing": 1, "bank": 1, "beat": beat.shape(),
            "value": self.a.lanes}))
        m.d.sync += [
            update.valid.eq(taken & (part == 2)), update.first.eq(position == 0),
            update.closing.eq(closing), update.bank.eq(bank), update.beat.eq(beat),
            update.value.eq(self.i.payload),
        ]
        seen = Signal(self.a.lanes)
        m.d.comb += seen.eq(update.value & keys.read_data)
        for b, mask in enumerate(masks):
            m.d.comb += [
                mask.write_en.eq(update.valid & (update.bank == b)),
                mask.write_addr.eq(update.beat),
                mask.write_data.eq(seen | Mux(update.first, 0, mask.read_data)),
            ]
            # A mask is read here while it is collected, and by the output afterwards.
            with m.If(~self.sending[b]):
                m.d.comb += mask.read_addr.eq(beat)
        opened = Mux(taken & begins & (position == 0), 1 << bank, 0)
        closed = Mux(update.closing, 1 << update.bank, 0)
        return opened, closed, taken & begins

    def _send(self, m, queries, masks, full):
        beats, positions = self.out.position_beats, self.a.tensor.positions
        kept = self.images * positions
        beat, position = Signal(range(beats)), Signal(range(positions))
        bank, slot = Signal(), Signal(range(kept * beats))
        step, issue = Signal(), Signal()
        left, there = Signal(), Signal()
        # Without a reset, for a block RAM's own: its data come late without.
        query, seen = (Signal(self.a.lanes, reset_less=True) for _ in range(2))
        self.sending = full
        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            issue.eq(step & full.bit_select(bank, 1)),
            queries.read_en.eq(step),
            queries.read_addr.eq(slot),
        ]
        for b, mask in enumerate(masks):
            with m.If(full[b]):
                m.d.comb += [mask.read_en.eq(step), mask.read_addr.eq(beat)]
        ends = beat == beats - 1
        final = ends & (position == positions - 1)
        with m.If(issue):
            m.d.sync += [beat.eq(wrapping(beat, beats)), slot.eq(wrapping(slot, kept * beats))]
            with m.If(ends):
                m.d.sync += position.eq(wrapping(position, positions))
            with m.If(final):
                m.d.sync += bank.eq(~bank)
        using, used_up = Signal(), Signal()
        with m.If(step):
            m.d.sync += [
                left.eq(issue), using.eq(bank), used_up.eq(final), there.eq(left),
                query.eq(queries.read_data),
                seen.eq(Mux(using, masks[1].read_data, masks[0].read_data)),
                self.o.valid.eq(there), self.o.payload.as_value().eq(query & seen),
            ]
        # A mask is free only when its last word has left the read port.
        freed = Mux(step & left & used_up, 1 << using, 0)
        return {"mask": freed, "position": issue & ends}
