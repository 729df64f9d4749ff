"""Some of a tensor's channels."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic
from hdl.arith import wrapping
from hdl.layout import Layout
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import Slice

__all__ = ["SliceLanes", "SliceTiming"]


@dataclass(frozen=True)
class SliceTiming:
    """A slice of so many images; what they hold makes no difference."""

    component: "SliceLanes"
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.component.a.image_beats)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        return [self._run(i, o)]

    def _run(self, i: Wire, o: Wire) -> Process:
        unit, sent = self.component, 0
        for beat in range(self.images * unit.a.image_beats):
            yield from i.offered(beat)
            ready = i.takes[-1] + 1 if beat else 0
            if unit.start <= beat % unit.a.position_beats < unit.stop:
                yield from o.taken(sent - unit.LATENCY)
                room = o.takes[sent - unit.LATENCY] if sent >= unit.LATENCY else 0
                o.offer(i.take(max(ready, room)) + unit.LATENCY)
                sent += 1
            else:
                i.take(ready)


class SliceLanes(wiring.Component):
    """Passes the beats of some channels and drops the others, or some channels of each beat.

    Timing
    ------
    Latency 1 cycle, one beat per cycle. A stalled output stalls the beats that pass, not those
    that are dropped.

    Parameters
    ----------
    op : :class:`Slice`
    a : :class:`Layout`
        Of the input, whose beats hold all channels, and all of the slice then; else raises
        ValueError unless its block divides both ends of the slice.

    Members
    -------
    i, o
        Input and output stream.

    Attributes
    ----------
    start, stop : int
        The beats of a position that pass.
    inside : slice
        The bits of a beat that pass.
    """

    LATENCY = 1

    def __init__(self, op: Slice, a: Layout):
        self.a, tensor = a, op.output(a.tensor)
        self.inside = slice(None)
        if a.whole:
            bits = a.tensor.interval.bits
            self.out, self.inside = (Layout.of_whole(tensor),
                                     slice(op.start * bits, op.stop * bits))
            self.start, self.stop = 0, a.position_beats
        elif op.start % a.block or op.stop % a.block:
            raise ValueError(f"SliceLanes takes blocks that divide {op.start} and {op.stop}, "
                             f"not blocks of {a.block}")
        else:
            self.out = a.retyped(tensor)
            self.start, self.stop = (end // a.lanes * a.tensor.steps
                                     for end in (op.start, op.stop))
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    def area(self) -> Budget:
        """Estimated resources."""
        return logic(20, 12 + self.out.bits)

    def timing(self, images: np.ndarray) -> SliceTiming:
        """When the component does what on input ``images``, ``[N, T, C, H, W]``."""
        return SliceTiming(self, len(images))

    def elaborate(self, platform):
        m = Module()
        beats = self.a.position_beats
        step, beat = Signal(), Signal(range(beats))
        # Whether the next beat passes is known from a register: it decides on ready.
        passes = Signal(init=self.start == 0)
        m.d.comb += [step.eq(~self.o.valid | self.o.ready), self.i.ready.eq(step | ~passes)]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += beat.eq(wrapping(beat, beats))
            with m.If(beat == (self.start - 1) % beats):
                m.d.sync += passes.eq(1)
            with m.Elif(beat == self.stop - 1):
                m.d.sync += passes.eq(0)
        with m.If(step):
            m.d.sync += [self.o.valid.eq(self.i.valid & passes),
                         self.o.payload.as_value().eq(self.i.payload.as_value()[self.inside])]
        return m
