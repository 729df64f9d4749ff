"""Windows of a map reduced channel by channel: greatest values, sums, convolutions."""

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic, ram
from hdl.delayed import delayed
from hdl.fifo import Fifo
from hdl.layout import Layout, shape_of
from hdl.taps import PointTaps
from hdl.window import Window
from hdl.window_taps import WindowTaps
from hdl.window_timing import PointTiming, WindowTiming
from ir import Budget
from ir.ops import DepthwiseConv, MaxPool, SumPool
from ir.tensors import Interval

__all__ = ["Taps", "WindowLanes"]

Taps = PointTaps | WindowTaps


class WindowLanes(wiring.Component):
    """Reduces the taps of each window, a beat of ``lanes`` channels after the other.

    Subclasses say how: :meth:`terms` makes what is reduced of the values read, :meth:`fold` joins
    it to what was reduced before, :meth:`finish` makes the output of it. Without any of them the
    values are added up.

    Timing
    ------
    See :mod:`hdl.window_timing`. A beat takes a cycle per tap inside the map, and leaves
    :attr:`latency` cycles after its last tap is asked for. Beats are begun only while there is
    room at the output, so that the pipeline never stalls; a position is accepted whenever the row
    buffer has room for it. A window of one position with stride 1 has no row buffer and takes a
    beat per cycle.

    Parameters
    ----------
    op : :class:`MaxPool`, :class:`SumPool` or :class:`DepthwiseConv`
    a : :class:`Layout`
        Of the input.
    state : :class:`Interval`
        Of all that :meth:`fold` gives.
    terming, finishing : int
        Cycles that :meth:`terms` and :meth:`finish` take.

    Members
    -------
    i, o
        Input and output stream.

    Attributes
    ----------
    out : :class:`Layout`
        Of the output, cut like the input.
    """

    DEPTH = 16

    def __init__(self, op: MaxPool | SumPool | DepthwiseConv, a: Layout, state: Interval, *,
                 terming: int = 0, finishing: int = 0):
        self.a, self.out, self.state = a, a.retyped(op.output(a.tensor)), state
        self.window = Window.of(op, a.tensor)
        self.pointwise = op.kernel == 1 and op.stride == 1
        self.terming, self.finishing = terming, finishing
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    @property
    def latency(self) -> int:
        """Cycles from a beat's last tap being asked for to the beat at the output."""
        taps = PointTaps if self.pointwise else WindowTaps
        return (taps.LATENCY + self.terming + 1 + self.finishing
                + Fifo.latency(self.out.bits, self.DEPTH))

    def terms(self, m: Module, taps: Taps) -> list[Value]:
        """What is reduced of each lane, :attr:`terming` cycles after the values."""
        return [taps.values[lane] for lane in range(self.a.lanes)]

    def fold(self, first: Value, kept: Value, term: Value) -> Value:
        """One lane after a term, by default the sum; before the first, ``kept`` means nothing."""
        return Mux(first, 0, kept) + term

    def finish(self, m: Module, taps: Taps, sums: list[Value]) -> list[Value]:
        """The output of each lane, :attr:`finishing` cycles after the last term was folded."""
        return sums

    def area(self) -> Budget:
        """Estimated resources, without terms and finish."""
        a, state, lanes = self.a, self.state.bits, self.a.lanes
        need = logic(110 + 1.5 * lanes * state, 80 + 2 * a.bits + lanes * state)
        need += ram(self.out.bits, self.DEPTH)
        if self.pointwise:
            return need
        depth = self.window.ring_positions * a.position_beats
        return need + logic(240, 190) + ram(a.bits, depth)

    def timing(self, images: np.ndarray) -> PointTiming | WindowTiming:
        """When the component does what on input ``images``, ``[N, T, C, H, W]``."""
        if self.pointwise:
            return PointTiming(self.a, self.latency, self.DEPTH, len(images))
        return WindowTiming(self.a, self.window, self.latency, self.DEPTH, len(images))

    def elaborate(self, platform):
        m = Module()
        m.submodules.taps = taps = (PointTaps(self.a) if self.pointwise
                                    else WindowTaps(self.a, self.window))
        m.submodules.buffer = buffer = Fifo(self.o.payload.shape(), self.DEPTH)
        wiring.connect(m, wiring.flipped(self.i), taps.i)
        wiring.connect(m, buffer.o, wiring.flipped(self.o))

        # Whether there is room is known from a register: it decides on every tap.
        credit, some = Signal(range(self.DEPTH + 1), init=self.DEPTH), Signal(init=1)
        left, popped = Signal.like(credit), Signal()
        m.d.comb += [left.eq(credit - taps.sent + popped), taps.permit.eq(some)]
        m.d.sync += [popped.eq(self.o.valid & self.o.ready), credit.eq(left), some.eq(left != 0)]

        sums = Signal(data.ArrayLayout(shape_of(self.state), self.a.lanes))
        first = delayed(m, taps.first, self.terming)
        terms = self.terms(m, taps)
        m.d.sync += [sums[lane].eq(self.fold(first, sums[lane], terms[lane]))
                     for lane in range(self.a.lanes)]
        results = self.finish(m, taps, [sums[lane] for lane in range(self.a.lanes)])
        m.d.comb += [buffer.i.p[lane].eq(result) for lane, result in enumerate(results)]
        m.d.comb += buffer.i.valid.eq(delayed(m, taps.last, self.terming + 1 + self.finishing))
        return m
