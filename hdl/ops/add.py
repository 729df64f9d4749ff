"""The membrane shortcut: a residual stream and a branch meet."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.ahead import Ahead
from hdl.area import logic
from hdl.layout import Layout
from hdl.meeting import LATENCY, meet, meeting
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import Add

__all__ = ["AddLanes", "AddTiming"]


@dataclass(frozen=True)
class AddTiming:
    """A sum of two streams of ``beats`` in all, ``image_beats`` per image."""

    beats: int
    image_beats: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.image_beats)

    def processes(self, a: Wire, b: Wire, o: Wire) -> list[Process]:
        """The component between its wires."""
        return [meeting(a, b, o, self.beats)]


class AddLanes(Ahead, wiring.Component):
    """Adds two streams, beat by beat.

    Timing
    ------
    Latency 1 cycle, one beat per cycle. Takes a beat when both streams offer one.

    Parameters
    ----------
    op : :class:`Add`
    a, b : :class:`Layout`
        Of the inputs, cut alike; raises ValueError if they are not.

    Members
    -------
    a, b, o
        The streams in and out.
    """

    LATENCY = LATENCY

    def __init__(self, op: Add, a: Layout, b: Layout):
        if (a.block, a.lanes) != (b.block, b.lanes):
            raise ValueError(f"AddLanes takes two streams cut alike, not blocks of {a.block} in "
                             f"{a.lanes} lanes and blocks of {b.block} in {b.lanes} lanes")
        self.out = a.retyped(op.output(a.tensor, b.tensor))
        self.wide = self.out.tensor.steps == 1 and self.out.groups == 1
        super().__init__({"a": In(a.signature()), "b": In(b.signature()),
                          "o": Out(self.out.signature())})

    def area(self) -> Budget:
        """Estimated resources."""
        return logic(10 + 1.2 * self.out.bits, 2 + self.out.bits)

    def timing(self, a: np.ndarray, b: np.ndarray) -> "AddTiming":
        """When the component does what on inputs ``[N, T, C, H, W]``."""
        return AddTiming(len(a) * self.out.image_beats, self.out.image_beats)

    def elaborate(self, platform):
        m = Module()
        step, both = meet(m, self.a, self.b, self.o, self.ready_next)
        with m.If(step):
            m.d.sync += self.o.valid.eq(both)
            m.d.sync += [self.o.p[lane].eq(self.a.p[lane] + self.b.p[lane])
                         for lane in range(self.out.lanes)]
        return m
