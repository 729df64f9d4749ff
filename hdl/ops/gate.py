"""Spikes that let values pass."""

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
from ir.ops import Gate

__all__ = ["GateLanes", "GateTiming"]


@dataclass(frozen=True)
class GateTiming:
    """A gate at work on so many images; what they hold makes no difference."""

    component: "GateLanes"
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(max(self.component.value.image_beats, self.component.gate.image_beats))

    def processes(self, a: Wire, b: Wire, o: Wire) -> list[Process]:
        """The component between its wires."""
        if not self.component.page:
            return [self._join(a, b, o)]
        full: list[int] = []
        freed: list[int] = []
        steps = Steps(o, self.component.LATENCY)
        return [self._collect(b, full, freed), self._pass(a, steps, full, freed),
                steps.leave(self.images * self.component.out.image_beats)]

    def _join(self, a: Wire, b: Wire, o: Wire) -> Process:
        for beat in range(self.images * self.component.value.image_beats):
            yield from a.offered(beat)
            yield from b.offered(beat)
            yield from o.taken(beat - 1)
            taken = max(a.offers[beat], b.offers[beat],
                        o.takes[beat - 1] if beat else 0, a.takes[-1] + 1 if beat else 0)
            a.take(taken)
            b.take(taken)
            o.offer(taken + self.component.LATENCY)

    def _collect(self, b: Wire, full: list[int], freed: list[int]) -> Process:
        unit, ready = self.component, 0
        for page in range(self.images * unit.gate.tensor.positions):
            while page >= 2 and len(freed) <= page - 2:
                yield
            ready = max(ready, freed[page - 2] if page >= 2 else 0)
            for beat in range(unit.page):
                yield from b.offered(page * unit.page + beat)
                ready = b.take(ready) + 1
            full.append(ready)

    def _pass(self, a: Wire, steps: Steps, full: list[int], freed: list[int]) -> Process:
        step = -1
        for page in range(self.images * self.component.gate.tensor.positions):
            while len(full) <= page:
                yield
            for _ in range(self.component.served):
                yield from a.offered(len(a.takes))
                there = max(a.offers[len(a.takes)], full[page])
                step, cycle = yield from steps.enter(step + 1, there)
                a.take(cycle)
                steps.entered.append(step)
            freed.append(a.takes[-1] + 1)


class GateLanes(wiring.Component):
    """Passes values where a gate spikes: a gate beside each value, or one that serves many.

    A gate of one position, or of a channel per head, is kept for as long as it serves: a page, the
    beats of one position of the gate. Two pages are in work at once: one comes in while the other
    serves.

    Timing
    ------
    One beat per cycle. With a gate beside each value, latency 1 cycle, and a beat is taken when
    both streams offer one; else latency 2, and values are taken from the cycle after their page
    is whole.

    Parameters
    ----------
    op : :class:`Gate`
    a : :class:`Layout`
        Of the values.
    b : :class:`Layout`
        Of the gate: cut like ``a``, or of blocks of 1 in 1 lane where it has a channel per head,
        whose channels the blocks of ``a`` must divide then. Raises ValueError for other cuts.

    Members
    -------
    a, b, o
        Values and gate in, values out.

    Attributes
    ----------
    page, served : int
        Beats of a page, 0 where there is a gate beside each value; beats that a page serves.
    """

    def __init__(self, op: Gate, a: Layout, b: Layout):
        self.value, self.gate, self.out = a, b, a.retyped(op.output(a.tensor, b.tensor))
        self.heads = b.tensor.channels if b.tensor.channels < a.tensor.channels else 0
        if self.heads:
            head = a.tensor.channels // self.heads
            if (b.block, b.lanes) != (1, 1):
                raise ValueError(f"GateLanes takes a gate of {self.heads} heads in blocks of 1, "
                                 f"not of {b.block} in {b.lanes} lanes")
            if head % a.block:
                raise ValueError(f"GateLanes takes blocks that divide the {head} channels of a "
                                 f"head, not blocks of {a.block}")
        elif (a.block, a.lanes) != (b.block, b.lanes):
            raise ValueError(f"GateLanes takes two streams cut alike, not blocks of {a.block} in "
                             f"{a.lanes} lanes and blocks of {b.block} in {b.lanes} lanes")
        beside = not self.heads and a.tensor.positions == b.tensor.positions
        self.page = 0 if beside else b.position_beats
        self.served = a.image_beats // b.tensor.positions
        self.LATENCY = 1 if beside else 2
        super().__init__({"a": In(a.signature()), "b": In(b.signature()),
                          "o": Out(self.out.signature())})

    def area(self) -> Budget:
        """Estimated resources."""
        passed = logic(10 + self.out.bits, 2 + self.out.bits)
        if not self.page:
            return passed
        return passed + logic(50, 30 + self.value.bits) + ram(self.gate.lanes, 2 * self.page)

    def timing(self, a: np.ndarray, b: np.ndarray) -> GateTiming:
        """When the component does what on inputs ``[N, T, C, H, W]``."""
        return GateTiming(self, len(a))

    def elaborate(self, platform):
        m = Module()
        step = Signal()
        m.d.comb += step.eq(~self.o.valid | self.o.ready)
        if self.page:
            self._pages(m, step)
        else:
            both = Signal()
            m.d.comb += [both.eq(self.a.valid & self.b.valid), self.a.ready.eq(step & both),
                         self.b.ready.eq(step & both)]
            self._send(m, step, both, self.a.payload, self.b.payload)
        return m

    def _send(self, m, step, valid, values, gates):
        """The register at the output; ``gates`` has a spike per lane, or one for all."""
        with m.If(step):
            m.d.sync += self.o.valid.eq(valid)
            m.d.sync += [
                self.o.p[lane].eq(Mux(gates[0 if self.heads else lane], values[lane], 0))
                for lane in range(self.value.lanes)]

    def _pages(self, m, step):
        """Keep two pages of the gate, and read one beside the values that it serves."""
        m.submodules.pages = pages = Memory(width=self.gate.lanes, depth=2 * self.page)
        full, bank, taken = Signal(2), Signal(), Signal()
        filled, beat = self._collect(m, pages, full), Signal(range(self.served))
        emptied = Signal(2)
        m.d.comb += [
            self.a.ready.eq(step & full.bit_select(bank, 1)),
            taken.eq(self.a.valid & self.a.ready),
            pages.read_en.eq(step),
            pages.read_addr.eq(Mux(bank, self.page, 0) + self._place(m, taken)),
        ]
        m.d.sync += full.eq((full | filled) & ~emptied)
        with m.If(taken):
            m.d.sync += beat.eq(wrapping(beat, self.served))
            with m.If(beat == self.served - 1):
                m.d.comb += emptied.eq(1 << bank)
                m.d.sync += bank.eq(~bank)
        values, there = Signal.like(self.a.payload), Signal()
        with m.If(step):
            m.d.sync += [values.eq(self.a.payload), there.eq(taken)]
        self._send(m, step, there, values, pages.read_data)

    def _collect(self, m, pages, full):
        """Write the gate's beats to their page; return which page is filled now."""
        bank, beat, filled = Signal(), Signal(range(self.page)), Signal()
        taken = self.b.valid & self.b.ready
        m.d.comb += [
            self.b.ready.eq(~full.bit_select(bank, 1)),
            filled.eq(taken & (beat == self.page - 1)),
            pages.write_en.eq(taken),
            pages.write_addr.eq(Mux(bank, self.page, 0) + beat),
            pages.write_data.eq(self.b.payload),
        ]
        with m.If(taken):
            m.d.sync += [beat.eq(wrapping(beat, self.page)), bank.eq(bank ^ filled)]
        return Mux(filled, 1 << bank, 0)

    def _place(self, m, taken):
        """The word of a page that belongs to the next beat of the values."""
        if not self.heads:
            word = Signal(range(self.page))
            with m.If(taken):
                m.d.sync += word.eq(wrapping(word, self.page))
            return word
        steps, blocks = self.value.tensor.steps, self.value.blocks // self.heads
        group, turn, block = (Signal(range(size)) for size in (self.value.groups, steps, blocks))
        first = Signal(range(self.page))
        with m.If(taken):
            m.d.sync += group.eq(wrapping(group, self.value.groups))
            with m.If(group == self.value.groups - 1):
                m.d.sync += turn.eq(wrapping(turn, steps))
                with m.If(turn == steps - 1):
                    m.d.sync += block.eq(wrapping(block, blocks))
                    with m.If(block == blocks - 1):
                        m.d.sync += first.eq(Mux(first == self.page - steps, 0, first + steps))
        return first + turn
