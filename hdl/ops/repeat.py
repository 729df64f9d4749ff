"""Direct coding: one current held for all time steps."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic, ram
from hdl.arith import wrapping
from hdl.layout import Layout
from hdl.memory import Memory
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import Repeat

__all__ = ["RepeatLanes", "RepeatTiming"]


@dataclass(frozen=True)
class RepeatTiming:
    """A repetition at work on so many images; what they hold makes no difference."""

    a: Layout
    steps: int
    images: int

    @property
    def beats(self) -> int:
        """Cycles of a block at one time step."""
        return max(self.a.groups, RepeatLanes.LOOP)

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.a.tensor.positions * self.a.blocks * self.steps * self.beats)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        return [self._run(i, o)]

    def _run(self, i: Wire, o: Wire) -> Process:
        beat = sent = ready = 0
        for _ in range(self.images * self.a.tensor.positions * self.a.blocks):
            for step in range(self.steps):
                for group in range(self.beats):
                    if group < self.a.groups:
                        yield from o.taken(sent - RepeatLanes.LATENCY)
                        if sent >= RepeatLanes.LATENCY:
                            ready = max(ready, o.takes[sent - RepeatLanes.LATENCY])
                        if step == 0:
                            yield from i.offered(beat)
                            ready = i.take(ready)
                            beat += 1
                        o.offer(ready + RepeatLanes.LATENCY)
                        sent += 1
                    ready += 1


class RepeatLanes(wiring.Component):
    """Passes a block through and keeps it, then presents it again for the other time steps.

    Timing
    ------
    Latency :attr:`LATENCY` cycles, one beat per cycle at the output; a block of fewer than 2 beats
    takes 2 cycles per time step. A stalled output stalls the input.

    Parameters
    ----------
    op : :class:`Repeat`
    a : :class:`Layout`
        Of the input, one time step.

    Members
    -------
    i, o
        Input and output stream, cut alike.
    """

    LATENCY = 2
    LOOP = 2

    def __init__(self, op: Repeat, a: Layout):
        self.a, self.out = a, a.retyped(op.output(a.tensor))
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    def area(self) -> Budget:
        """Estimated resources."""
        return logic(20, 10 + 2 * self.a.bits) + ram(self.a.bits, max(self.a.groups, self.LOOP))

    def timing(self, images: np.ndarray) -> "RepeatTiming":
        """When the component does what on input ``images``, ``[N, 1, C, H, W]``."""
        return RepeatTiming(self.a, self.out.tensor.steps, len(images))

    def elaborate(self, platform):
        m = Module()
        steps = self.out.tensor.steps
        beats = max(self.a.groups, self.LOOP)
        m.submodules.block = memory = Memory(width=self.a.bits, depth=beats)
        beat, turn = Signal(range(beats)), Signal(range(steps))
        step, real, taken = Signal(), Signal(), Signal()
        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            real.eq(beat < self.a.groups),
            self.i.ready.eq(step & real & (turn == 0)),
            taken.eq(step & (self.i.valid | ~self.i.ready)),
        ]
        with m.If(taken):
            m.d.sync += beat.eq(wrapping(beat, beats))
            with m.If(beat == beats - 1):
                m.d.sync += turn.eq(wrapping(turn, steps))
        fresh, valid = Signal(), Signal()
        kept = Signal(self.a.bits)
        with m.If(step):
            m.d.sync += [
                valid.eq(taken & real), fresh.eq(turn == 0), kept.eq(self.i.payload),
                self.o.valid.eq(valid),
                self.o.payload.eq(Mux(fresh, kept, memory.read_data)),
            ]
        m.d.comb += [
            memory.read_en.eq(step), memory.read_addr.eq(beat),
            memory.write_en.eq(taken & (turn == 0) & real), memory.write_addr.eq(beat),
            memory.write_data.eq(self.i.payload),
        ]
        return m
