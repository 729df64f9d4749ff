# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Convolution with its weights as logic: an adder graph, a position per cycle."""

from functools import cache

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.adder_cells import adder_cells, output_bits
from hdl.adder_graph import AdderGraph, adder_graph
from hdl.adder_pipeline import AdderPipeline
from hdl.adders import digits
from hdl.ahead import moves
from hdl.area import logic
from hdl.arith import counter
from hdl.folded_conv_timing import FoldedConvTiming, RowsTiming
from hdl.layout import Layout
from hdl.relay import Relay
from hdl.row_windows import RowWindows
from hdl.sliding_window import SlidingWindow
from hdl.window import Window
from ir import Budget, Interval
from ir.ops import Conv

__all__ = ["LARGEST_FOLDED", "FoldedConv", "most_adders"]

LARGEST_FOLDED = 12_000
"""Signed digits of weights: to look for common sums in more takes too long."""


@cache
def most_adders(op: Conv) -> int:
    """Signed digits of all weights: no convolution takes more adders."""
    return sum(len(digits(abs(weight))) * count for weight, count in zip(
        *(found.tolist() for found in np.unique(op.weight, return_counts=True)), strict=True))


@cache
def _graph(op: Conv, activation: Interval) -> AdderGraph:
    """Found once for all cuts."""
    weight = op.weight.reshape(op.out_channels, -1) << op.shift[:, None]
    return adder_graph(weight, op.bias.tolist(), activation)


class FoldedConv(wiring.Component):
    """All sums of a window at once: nothing is searched, zero weights cost nothing.

    Beats are joined to words of all channels, :class:`SlidingWindow` shows a window of them with
    every word, :class:`AdderPipeline` adds it up, and the sums leave beat by beat.

    Timing
    ------
    A beat per cycle on both sides; the pipeline moves as a whole, and stands while it is full.
    Thousands of flip-flops ask whether it moves, so registers say it a cycle ahead. Where sums
    need not leave in every cycle they are held apart; else a relay takes them. See
    :mod:`hdl.folded_conv_timing`.

    Parameters
    ----------
    op : :class:`Conv`
    a : :class:`Layout`
        Of the input. Of several time steps, a block must be all channels.
    block, lanes : int
        Cut of the output. Of several time steps, the block must be all channels.

    Members
    -------
    i, o
        Input and output stream.

    Attributes
    ----------
    out : :class:`Layout`
        Of the output.
    """

    def __init__(self, op: Conv, a: Layout, block: int, lanes: int):
        if (size := most_adders(op)) > LARGEST_FOLDED:
            raise ValueError(f"A constant-folded convolution has at most {LARGEST_FOLDED} signed "
                             f"digits in its weights, not {size}")
        self.op, self.a, self.out = op, a, Layout(op.output(a.tensor), block, lanes)
        for layout in (a, self.out):
            if layout.tensor.steps > 1 and layout.blocks > 1:
                raise ValueError(f"A constant-folded convolution over {layout.tensor.steps} time "
                                 f"steps takes and gives all {layout.tensor.channels} channels in "
                                 f"a block, not {layout.block}")
        window = Window.of(op, a.tensor)
        self.window = (RowWindows(a, window, op.pad_value) if a.positions > 1
                       else SlidingWindow(a.tensor, window, op.pad_value))
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    @property
    def joins(self) -> int:
        """Beats of a word."""
        return 1 if self.a.positions > 1 else self.a.tensor.channels // self.a.lanes

    @property
    def splits(self) -> int:
        """Beats of a position's sums at a time step."""
        return self.op.out_channels // self.out.lanes

    @property
    def holds(self) -> bool:
        """Whether sums are held behind the pipeline: where they come in every second cycle at
        most, or leave so."""
        apart = self.joins > 1 or (self.op.stride > 1 and self.a.tensor.steps == 1
                                   and self.a.positions == 1)
        return self.splits > 1 or apart

    @property
    def relayed(self) -> bool:
        """Whether a relay is behind all."""
        return self.splits > 1 or not self.holds

    @property
    def graph(self) -> AdderGraph:
        """The sums, of the taps in the order of the weights."""
        return _graph(self.op, self.a.tensor.interval)

    @property
    def latency(self) -> int:
        """Steps from a window's last beat to its sums."""
        return self.window.latency + self.graph.levels

    def area(self) -> Budget:
        """Estimated resources; the adders are counted one by one."""
        luts, ffs = adder_cells(self.graph)
        need = self.window.area() + logic(15 + luts + self.graph.levels,
                                          10 + ffs + self.graph.levels)
        if self.a.positions == 1:
            need += logic(4 + self.a.bits, 2 + 2 * self.a.bits)
        if self.joins > 1:
            need += logic(8, self.a.bits * self.joins)
        held = output_bits(self.graph)
        if self.holds:
            need += logic(4, 2 + held)
        if self.splits > 1:
            need += logic(6 + held, 4 + held)
        if self.relayed:
            need += Relay.area(held // self.splits)
        return need

    def timing(self, images: np.ndarray) -> FoldedConvTiming | RowsTiming:
        """When the engine does what on input ``images``, ``[N, T, C, H, W]``."""
        if isinstance(self.window, RowWindows):
            return RowsTiming(
                a=self.a, out=self.out, spare=self.window.spare,
                row_beats=self.window.row_beats, rows=self.window.rows,
                ends=frozenset(self.window.ends), latency=self.latency, holds=self.holds,
                images=len(images))
        return FoldedConvTiming(
            a=self.a, out=self.out, window=self.window.window, ends=frozenset(self.window.ends),
            positions=self.window.positions, latency=self.latency, holds=self.holds,
            images=len(images))

    def elaborate(self, platform):
        m = Module()
        m.submodules.window = window = self.window
        m.submodules.adders = adders = AdderPipeline(
            self.graph, self.a.tensor.interval, self.out.tensor.interval)
        step = Signal()
        tags = Signal(self.graph.levels)
        if isinstance(window, RowWindows):
            wiring.connect(m, wiring.flipped(self.i), window.i)
        else:
            # Otherwise whoever is before this would wait for the step in the same cycle.
            m.submodules.relay = relay = Relay(self.i.payload.shape())
            wiring.connect(m, wiring.flipped(self.i), relay.i)
            word, done = self._join(m, relay.o)
            m.d.comb += [
                window.valid.eq(relay.o.valid & done),
                window.word.as_value().eq(word),
                # Only the beat that completes a word waits for the pipeline.
                relay.o.ready.eq(window.takes & (step | ~done)),
            ]
        m.d.comb += [
            window.step.eq(step), adders.x.eq(window.taps),
        ]
        later = Cat(window.full, tags)[:-1]
        with m.If(step):
            m.d.sync += tags.eq(later)
        room = (self._leave(m, step, tags[-1], adders.o) if self.holds
                else self._pass(m, tags[-1], adders.o))
        # A step with sums at the end needs room for them.
        first, *others = moves(m, tags[-1], later[-1], room, 1 + self.graph.levels)
        m.d.comb += [step.eq(first), adders.step.eq(Cat(others))]
        return m

    def _pass(self, m, full, sums) -> Value:
        """Hand sums to a relay in every cycle; whether it has room a cycle later."""
        behind = self._behind(m)
        m.d.comb += [behind.i.valid.eq(full), behind.i.payload.eq(sums)]
        return behind.ready_next

    def _join(self, m, i) -> tuple[Value, Value]:
        """A word, and whether the beat that is offered completes it."""
        if self.joins == 1:
            return i.payload.as_value(), C(1)
        kept = Signal((self.joins - 1) * self.a.bits, reset_less=True)
        word = Cat(kept, i.payload)
        taken = i.valid & i.ready
        _, done = counter(m, self.joins, taken, "beat")
        with m.If(taken):
            m.d.sync += kept.eq(word[self.a.bits:])
        return word, done

    def _leave(self, m, step, full, sums) -> Value:
        """Hold sums behind the pipeline; whether there is room for others a cycle later.

        ``full`` says that the pipeline ends with sums.
        """
        held, holds, stays = Signal.like(sums, reset_less=True), Signal(), Signal()
        m.d.comb += stays.eq(Mux(holds, ~self._send(m, holds, held), step & full))
        m.d.sync += holds.eq(stays)
        with m.If(~holds):
            m.d.sync += held.eq(sums)
        return ~stays

    def _send(self, m, holds, held) -> Value:
        """Send what is held, beat by beat; returns whether it is taken, or its place is free."""
        if self.splits == 1:
            m.d.comb += [self.o.valid.eq(holds), self.o.payload.eq(held)]
            return self.o.ready
        left = Signal(data.ArrayLayout(self.o.payload.shape(), self.splits), reset_less=True)
        valid, moves, takes = Signal(), Signal(), Signal()
        _, last = counter(m, self.splits, moves, "sum")
        # Hundreds of flip-flops ask whether sums move on.
        behind = self._behind(m).i
        m.d.comb += [
            behind.valid.eq(valid), behind.payload.eq(left[0]),
            moves.eq(valid & behind.ready), takes.eq(~valid | (moves & last)),
        ]
        with m.If(takes):
            m.d.sync += [valid.eq(holds), left.eq(held)]
        with m.Elif(moves):
            m.d.sync += left.eq(Cat(left[1:], left[-1]))
        return takes

    def _behind(self, m) -> Relay:
        """A relay in front of the output."""
        m.submodules.behind = relay = Relay(self.o.payload.shape())
        wiring.connect(m, relay.o, wiring.flipped(self.o))
        return relay
