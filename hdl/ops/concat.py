"""Two tensors' channels side by side."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic
from hdl.arith import wrapping
from hdl.layout import Layout
from hdl.meeting import meet, meeting
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import Concat

__all__ = ["ConcatLanes", "ConcatTiming"]


@dataclass(frozen=True)
class ConcatTiming:
    """Two streams in turns, for so many images; what they hold makes no difference."""

    component: "ConcatLanes"
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.component.out.image_beats)

    def processes(self, a: Wire, b: Wire, o: Wire) -> list[Process]:
        """The component between its wires."""
        if self.component.joins:
            return [meeting(a, b, o, self.images * self.component.out.image_beats)]
        return [self._run(a, b, o)]

    def _run(self, a: Wire, b: Wire, o: Wire) -> Process:
        unit, ready = self.component, 0
        for sent in range(self.images * unit.out.image_beats):
            source = a if sent % unit.out.position_beats < unit.first else b
            yield from source.offered(len(source.takes))
            yield from o.taken(sent - unit.LATENCY)
            room = o.takes[sent - unit.LATENCY] if sent >= unit.LATENCY else 0
            ready = source.take(max(ready, room)) + 1
            o.offer(ready - 1 + unit.LATENCY)


class ConcatLanes(wiring.Component):
    """Passes two streams in turns: at each position the blocks of the first, then of the second.

    Beats that hold all channels of both inputs are joined to one that does so, too.

    Timing
    ------
    Latency 1 cycle, one beat per cycle. The stream whose turn it is not waits; joined beats wait
    for each other.

    Parameters
    ----------
    op : :class:`Concat`
    a, b : :class:`Layout`
        Of the inputs; raises ValueError unless they are cut alike, or both have all channels in a
        beat.

    Members
    -------
    a, b, o
        The streams in and out.

    Attributes
    ----------
    joins : bool
        Whether beats are joined.
    first : int
        Beats of a position that come from ``a``.
    """

    LATENCY = 1

    def __init__(self, op: Concat, a: Layout, b: Layout):
        tensor, self.joins = op.output(a.tensor, b.tensor), a.whole and b.whole
        if not self.joins and (a.block, a.lanes) != (b.block, b.lanes):
            raise ValueError(f"ConcatLanes takes two streams cut alike, not blocks of {a.block} in "
                             f"{a.lanes} lanes and blocks of {b.block} in {b.lanes} lanes")
        self.first = a.position_beats
        self.out = Layout.of_whole(tensor) if self.joins else a.retyped(tensor)
        super().__init__({"a": In(a.signature()), "b": In(b.signature()),
                          "o": Out(self.out.signature())})

    def area(self) -> Budget:
        """Estimated resources."""
        if self.joins:
            return logic(4, 1 + self.out.bits)
        return logic(20 + self.out.bits, 12 + self.out.bits)

    def timing(self, a: np.ndarray, b: np.ndarray) -> ConcatTiming:
        """When the component does what on inputs ``[N, T, C, H, W]``."""
        return ConcatTiming(self, len(a))

    def elaborate(self, platform):
        m = Module()
        if self.joins:
            self._join(m)
        else:
            self._take_turns(m)
        return m

    def _join(self, m):
        step, both = meet(m, self.a, self.b, self.o)
        with m.If(step):
            m.d.sync += self.o.valid.eq(both)
            m.d.sync += [self.o.p[lane].eq(value)
                         for lane, value in enumerate([*self.a.p, *self.b.p])]

    def _take_turns(self, m):
        beats = self.out.position_beats
        step, beat, second, valid = Signal(), Signal(range(beats)), Signal(), Signal()
        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            valid.eq(Mux(second, self.b.valid, self.a.valid)),
            self.a.ready.eq(step & ~second),
            self.b.ready.eq(step & second),
        ]
        with m.If(step & valid):
            m.d.sync += beat.eq(wrapping(beat, beats))
            with m.If((beat == self.first - 1) | (beat == beats - 1)):
                m.d.sync += second.eq(~second)
        with m.If(step):
            m.d.sync += self.o.valid.eq(valid)
            m.d.sync += [self.o.p[lane].eq(Mux(second, self.b.p[lane], self.a.p[lane]))
                         for lane in range(self.out.lanes)]
