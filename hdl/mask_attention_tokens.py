"""Spike-driven self-attention by masks, a token per beat."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic, ram
from hdl.arith import wrapping
from hdl.layout import Layout
from hdl.memory import Memory
from hdl.steps import Steps
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import MaskAttention

__all__ = ["MaskAttentionTokens", "TokensTiming"]

LEFT = 2
"""Cycles from a query's meeting its mask to there being room for another."""


@dataclass(frozen=True)
class TokensTiming:
    """Mask attention at work on so many images; what they hold makes no difference."""

    a: Layout
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.a.image_beats)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        full: list[int] = []
        left: list[int] = []
        steps = Steps(o, MaskAttentionTokens.SENDING)
        return [self._collect(i, full, left), self._send(steps, full, left),
                steps.leave(self.images * self.a.image_beats)]

    def _collect(self, i: Wire, full: list[int], left: list[int]) -> Process:
        tokens, ready = self.a.tensor.positions, 0
        kept = MaskAttentionTokens.images * tokens
        for number in range(self.images * tokens):
            while len(left) <= number - kept:
                yield
            room = left[number - kept] + LEFT if number >= kept else 0
            yield from i.offered(number)
            ready = i.take(max(ready, room)) + 1
            if number % tokens == tokens - 1:
                full.append(ready)

    def _send(self, steps: Steps, full: list[int], left: list[int]) -> Process:
        step = 0
        for image in range(self.images):
            while len(full) <= image:
                yield
            for _ in range(self.a.tensor.positions):
                step, _ = yield from steps.enter(step, full[image])
                steps.entered.append(step)
                step += 1
                left.append((yield from steps.enter(step, 0))[1])


class MaskAttentionTokens(wiring.Component):
    """ORs what keys and values share over all tokens, then masks the queries that were kept.

    One image is collected while another leaves.

    Timing
    ------
    A token per cycle in and out. The first of an image leaves :attr:`LATENCY` cycles after its
    last came in. A token waits at the input while :attr:`images` images of queries are kept.

    Parameters
    ----------
    op : :class:`MaskAttention`
    a : :class:`Layout`
        Of query, key and value side by side, all channels in a beat; raises ValueError for
        another, or more than one time step.

    Members
    -------
    i, o
        Input and output stream.
    """

    SENDING = 3
    """Steps from asking for a token's query to offering it."""

    LATENCY = 1 + SENDING
    images = 2

    def __init__(self, op: MaskAttention, a: Layout):
        if not a.whole or a.tensor.steps > 1:
            raise ValueError(f"MaskAttentionTokens takes all {a.tensor.channels} channels of 1 "
                             f"time step in a beat, not {a.lanes} of {a.tensor.steps}")
        self.a, self.out = a, Layout.of_whole(op.output(a.tensor))
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    @property
    def kept(self) -> int:
        """Queries that there is room for."""
        return self.images * self.a.tensor.positions

    def area(self) -> Budget:
        """Estimated resources."""
        lanes = self.out.lanes
        return logic(50 + 3 * lanes, 40 + 6 * lanes) + ram(lanes, self.kept)

    def timing(self, images: np.ndarray) -> TokensTiming:
        """When the component does what on input ``images``, ``[N, T, 3 C, H, W]``."""
        return TokensTiming(self.a, len(images))

    def elaborate(self, platform):
        m = Module()
        lanes = self.out.lanes
        m.submodules.queries = queries = Memory(width=lanes, depth=self.kept)
        masks = [Signal(lanes, name=f"mask{bank}") for bank in range(self.images)]
        full, closed = Signal(self.images), Signal(self.images)
        freed, left = self._send(m, queries, masks, full)
        m.d.sync += full.eq((full | closed) & ~freed)
        self._collect(m, queries, masks, closed, left)
        return m

    def _collect(self, m, queries, masks, closed, left):
        """Keep queries, and the mask of each image; say when it is ``closed``.

        No mask is needed any more when the next image but one closes: there is room for the last
        query of that one when the last of this one has ``left``.
        """
        tokens, lanes = self.a.tensor.positions, self.out.lanes
        occupied, slot = Signal(range(self.kept + 1)), Signal(range(self.kept))
        token, bank = Signal(range(tokens)), Signal()
        ready, taken, last = Signal(init=1), Signal(), Signal()
        query, key, value = (Cat(self.i.p[part * lanes:(part + 1) * lanes]) for part in range(3))
        seen, so_far = Signal(lanes), Signal(lanes)
        m.d.comb += [
            self.i.ready.eq(ready), taken.eq(self.i.valid & ready), last.eq(token == tokens - 1),
            queries.write_en.eq(taken), queries.write_addr.eq(slot),
            queries.write_data.eq(query), seen.eq(so_far | (key & value)),
            closed.eq(Mux(taken & last, 1 << bank, 0)),
        ]
        m.d.sync += [
            occupied.eq(occupied + taken - left),
            ready.eq(Mux(taken, occupied < self.kept - 1, occupied != self.kept)),
        ]
        with m.If(taken):
            m.d.sync += [token.eq(wrapping(token, tokens)), slot.eq(wrapping(slot, self.kept)),
                         so_far.eq(Mux(last, 0, seen))]
            with m.If(last):
                m.d.sync += bank.eq(~bank)
        for b, mask in enumerate(masks):
            with m.If(closed[b]):
                m.d.sync += mask.eq(seen)

    def _send(self, m, queries, masks, full) -> tuple[Value, Value]:
        """Send the queries of full images, masked; says which mask is free, and that one left."""
        tokens, lanes = self.a.tensor.positions, self.out.lanes
        token, slot, bank = Signal(range(tokens)), Signal(range(self.kept)), Signal()
        step, issue, asked, there, using = Signal(), Signal(), Signal(), Signal(), Signal()
        # Without a reset, for a block RAM's own: its data come late without.
        query, seen = (Signal(lanes, reset_less=True) for _ in range(2))
        last = token == tokens - 1
        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            issue.eq(step & full.bit_select(bank, 1)),
            queries.read_en.eq(step), queries.read_addr.eq(slot),
        ]
        with m.If(issue):
            m.d.sync += [token.eq(wrapping(token, tokens)), slot.eq(wrapping(slot, self.kept))]
            with m.If(last):
                m.d.sync += bank.eq(~bank)
        with m.If(step):
            m.d.sync += [
                asked.eq(issue), using.eq(bank), there.eq(asked),
                query.eq(queries.read_data), seen.eq(Mux(using, masks[1], masks[0])),
                self.o.valid.eq(there), self.o.payload.as_value().eq(query & seen),
            ]
        return Mux(issue & last, 1 << bank, 0), step & asked
