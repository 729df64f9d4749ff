"""Sums over the channels of attention heads."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.adders import Adders
from hdl.area import logic
from hdl.arith import wrapping
from hdl.layout import Layout
from hdl.steps import Steps
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import HeadSum

__all__ = ["HeadSumLanes", "HeadSumTiming"]


@dataclass(frozen=True)
class HeadSumTiming:
    """Sums over heads of so many images; what they hold makes no difference."""

    component: "HeadSumLanes"
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.component.a.image_beats)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        steps = Steps(o, self.component.LATENCY)
        return [self._take(i, steps), steps.leave(self.images * self.component.out.image_beats)]

    def _take(self, i: Wire, steps: Steps) -> Process:
        unit, ready = self.component, 0
        heads = self.images * unit.a.tensor.positions * unit.op.heads
        for head_block in range(heads * unit.blocks):
            ends = head_block % unit.blocks == unit.blocks - 1
            for beat in range(unit.a.tensor.steps * unit.a.groups):
                yield from i.offered(len(i.takes))
                step, cycle = yield from steps.enter(ready, i.offers[len(i.takes)])
                i.take(cycle)
                if ends and beat % unit.a.groups == unit.a.groups - 1:
                    steps.entered.append(step)
                ready = step + 1


class HeadSumLanes(wiring.Component):
    """Adds up the lanes of a beat, then the beats of a head, each time step for itself.

    Timing
    ------
    One beat per cycle. A sum leaves :attr:`LATENCY` cycles after the last beat of its head and
    time step came in. A stalled output stalls the input.

    Parameters
    ----------
    op : :class:`HeadSum`
    a : :class:`Layout`
        Of the input; raises ValueError unless its block divides the channels of a head. The output
        has blocks of 1 in 1 lane.

    Members
    -------
    i, o
        Input and output stream.
    """

    def __init__(self, op: HeadSum, a: Layout):
        self.op, self.a, self.out = op, a, Layout(op.output(a.tensor), 1, 1)
        head = a.tensor.channels // op.heads
        if head % a.block:
            raise ValueError(f"HeadSumLanes takes blocks that divide the {head} channels of a "
                             f"head, not blocks of {a.block}")
        self.blocks = head // a.block
        row = Adders(lambda value: value)
        row.sum([(C(0), False)] * a.lanes)
        self.adding = row.registers
        # The input, the sum of its lanes, the sum so far.
        self.LATENCY = 3 + self.adding
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    def area(self) -> Budget:
        """Estimated resources."""
        bits, steps = self.out.tensor.interval.bits, self.a.tensor.steps
        added = (self.a.lanes - 1) * (self.a.tensor.interval.bits + 1)
        return logic(40 + added + 3 * bits, 30 + self.a.bits + added / 2 + bits * (steps + 2))

    def timing(self, images: np.ndarray) -> HeadSumTiming:
        """When the component does what on input ``images``, ``[N, T, C, H, W]``."""
        return HeadSumTiming(self, len(images))

    def elaborate(self, platform):
        m = Module()
        step, taken = Signal(), Signal()
        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(step),
            taken.eq(self.i.valid & step),
        ]

        def later(value):
            register = Signal(value.shape(), name="later")
            with m.If(step):
                m.d.sync += register.eq(value)
            return register

        tags = data.StructLayout({"valid": 1, "first": 1, "gives": 1, "turns": 1})
        at = [Signal(tags, name=f"stage{n}") for n in range(self.LATENCY - 1)]
        with m.If(step):
            m.d.sync += [at[0].eq(self._tags(m, tags, taken)),
                         *(after.eq(before) for before, after in pairwise(at))]
        lanes = [(later(self.i.p[lane]), False) for lane in range(self.a.lanes)]
        part = later(Adders(later).sum(lanes))
        self._accumulate(m, step, at[-1], part)
        return m

    def _tags(self, m, tags, taken):
        """What is to know of the beat that is taken."""
        group, turn, block = (Signal(range(size)) for size in (
            self.a.groups, self.a.tensor.steps, self.blocks))
        now = Signal(tags)
        m.d.comb += [
            now.valid.eq(taken),
            now.first.eq((group == 0) & (block == 0)),
            now.turns.eq(group == self.a.groups - 1),
            now.gives.eq(now.turns & (block == self.blocks - 1)),
        ]
        with m.If(taken):
            m.d.sync += group.eq(wrapping(group, self.a.groups))
            with m.If(now.turns):
                m.d.sync += turn.eq(wrapping(turn, self.a.tensor.steps))
                with m.If(turn == self.a.tensor.steps - 1):
                    m.d.sync += block.eq(wrapping(block, self.blocks))
        return now

    def _accumulate(self, m, step, now, part):
        """The sums of all time steps take turns in a ring: the first one is the current one's."""
        sums = [Signal(self.out.shape, name=f"sum{n}") for n in range(self.a.tensor.steps)]
        total = Signal(self.out.shape)
        m.d.comb += total.eq(part + Mux(now.first, 0, sums[0]))
        with m.If(step):
            m.d.sync += [self.o.valid.eq(now.valid & now.gives), self.o.p[0].eq(total)]
            with m.If(now.valid & now.turns):
                m.d.sync += [before.eq(after) for before, after in pairwise(sums)]
                m.d.sync += sums[-1].eq(total)
            with m.Elif(now.valid):
                m.d.sync += sums[0].eq(total)
