"""Convolution one word of inputs after the other, zero or not."""

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import ROM_DEPTH, logic, ram, rom
from hdl.arith import counter, pack_rows
from hdl.channel_constants import ChannelConstants
from hdl.delayed import delayed
from hdl.fifo import Fifo
from hdl.layout import Layout, shape_of
from hdl.memory import Memory
from hdl.serial_terms import PointTerms, WindowTerms
from hdl.serial_timing import SerialTiming
from hdl.serial_window import SerialWindow
from hdl.window import Window
from ir import Budget
from ir.ops import Conv

__all__ = ["SerialConv"]

TOGETHER = 2
"""Products that are added in one cycle with being made; of more lanes the sums take another."""


class SerialConv(wiring.Component):
    """Multiplies every input of a window by its weights, for a group of output channels at once.

    The smallest engine, where a layer has cycles to spare: nothing is searched or listed. A beat
    of the input is a word, and all its channels are multiplied in one cycle.

    Timing
    ------
    See :mod:`hdl.serial_timing`: a word per cycle, for each group of output channels and time
    step. The last word of a sum waits until the sum before it has left. Of positions that are
    windows, the next one comes in meanwhile.

    Parameters
    ----------
    op : :class:`Conv`
    a : :class:`Layout`
        Of the input.
    out : :class:`Layout`
        Of the output; its block is the group.
    name : str
        Names the memory contents; unique in a design.

    Members
    -------
    i, o
        Input and output stream.
    """

    def __init__(self, op: Conv, a: Layout, out: Layout, *, name: str):
        self.op, self.a, self.out, self.name = op, a, out, name
        # A window of one position is kept in registers, if its beats come in the order of sums.
        in_order = a.blocks == 1 or a.tensor.steps == 1
        point = op.kernel == 1 and op.stride == 1 and in_order
        self.walk = None if point else SerialWindow(Window.of(op, a.tensor))
        # Beats that wait for a position in the registers; an engine before this one goes on.
        several = point and min(a.position_beats, a.tensor.positions) > 1
        self.ahead = a.position_beats if several else 0
        self.words = op.kernel**2 * op.in_channels // a.lanes
        # Spikes one at a time need no multiplier, and no register behind it.
        self.plain = a.lanes == 1 and a.tensor.is_spikes
        self.adding = not self.plain and a.lanes > TOGETHER
        self.latency = 4 if self.plain else 5 + self.adding
        super().__init__({"i": In(a.signature()), "o": Out(out.signature())})

    @property
    def _sums(self) -> data.ArrayLayout:
        return data.ArrayLayout(shape_of(self.op.accumulator(self.a.tensor.interval)),
                                self.out.block)

    @property
    def _parameters(self) -> ChannelConstants:
        """Bias and shift of a group of channels; of shifts that are all alike nothing."""
        op, kinds = self.op, [self.op.bias]
        if len(shifts := np.unique(op.shift)) > 1:
            kinds.append(np.searchsorted(shifts, op.shift))
        return ChannelConstants(np.stack(kinds), Layout(self.out.tensor, self.out.block,
                                                        self.out.block), f"{self.name}_bias")

    def area(self) -> Budget:
        """Estimated resources."""
        op, a, out = self.op, self.a, self.out
        sums, weights = self._sums.size, out.block * a.lanes * op.weight_bits
        biased = out.block * out.tensor.interval.bits
        need = logic(60 + 2 * sums + biased, 25 + 15 * (not self.plain) + sums + out.bits)
        need += rom(weights, out.blocks * self.words) + self._parameters.area()
        if out.groups > 1:
            need += logic(biased, biased)
        if not self.plain:
            bits = a.tensor.interval.bits
            product = op.weight_bits + bits
            need += logic(3 * weights * (bits + 1), out.block * product)
            if self.adding:
                need += logic(0, out.block * -(-a.lanes // TOGETHER) * (product + 1))
        if self.walk is None:
            need += logic(4, a.bits * a.position_beats)
            return need + ram(a.bits, self.ahead) + logic(70, 28) if self.ahead else need
        return need + logic(70, 35) + ram(a.bits, self.walk.depth(
            a.tensor.channels // a.lanes, a.tensor.steps))

    def timing(self, images: np.ndarray) -> SerialTiming:
        """When the engine does what on input ``images``, ``[N, T, C, H, W]``."""
        return SerialTiming(self.a, self.out, self.walk, self.ahead, self.words, self.latency,
                            len(images))

    def elaborate(self, platform):
        m = Module()
        m.submodules.terms = terms = (PointTerms(self.a) if self.walk is None
                                      else WindowTerms(self.a, self.walk))
        source = wiring.flipped(self.i)
        if self.ahead:
            m.submodules.ahead = ahead = Fifo(self.a.payload, self.ahead)
            wiring.connect(m, source, ahead.i)
            source = ahead.o
        wiring.connect(m, source, terms.i)
        done, held, last_left = Signal(), Signal(), Signal()
        step_done = Signal()
        step, step_ends = counter(m, self.a.tensor.steps, done, "step")
        _, block_ends = counter(m, self.out.blocks, step_done, "block")
        m.d.comb += [
            terms.permit.eq(~held),
            terms.step.eq(step),
            terms.final.eq(step_ends & block_ends),
            done.eq(terms.issue & terms.ends),
            step_done.eq(done & step_ends),
        ]
        with m.If(done):
            m.d.sync += held.eq(1)
        with m.Elif(last_left):
            m.d.sync += held.eq(0)
        weights = self._weights(m, terms, done & terms.final, step_ends)
        sums = self._add(m, terms, weights)
        self._send(m, sums, done, last_left)
        return m

    def _weights(self, m, terms, window_done, step_ends):
        """The weights of a word, two cycles after it is asked for: those of each lane together."""
        op, out, lanes = self.op, self.out, self.a.lanes
        # [block, channel, word, lane]
        weights = op.weight.transpose(0, 2, 3, 1).reshape(out.blocks, out.block, self.words, lanes)
        m.submodules.weights = memory = Memory(
            width=out.block * lanes * op.weight_bits, depth=out.blocks * self.words,
            name=f"{self.name}_weight",
            contents=pack_rows(weights.swapaxes(1, 2).reshape(-1, out.block * lanes),
                               op.weight_bits))
        address = Signal(range(max(2, memory.depth)))
        with m.If(terms.issue):
            again = terms.ends & ~step_ends
            m.d.sync += address.eq(Mux(
                window_done, 0, address + Mux(again, 1 - self.words, 1)))
        words = Signal(data.ArrayLayout(data.ArrayLayout(signed(op.weight_bits), lanes),
                                        out.block), reset_less=True)
        # A block RAM wants a register behind it, look-up tables one before them.
        if memory.depth > ROM_DEPTH:
            m.d.comb += memory.read_addr.eq(address)
            m.d.sync += words.eq(memory.read_data)
        else:
            m.d.comb += [memory.read_addr.eq(delayed(m, address, 1)),
                         words.eq(memory.read_data)]
        return words

    def _add(self, m, terms, weights):
        """Multiply and add: a pipeline that never stalls."""
        first = Signal(init=1)
        with m.If(terms.issue):
            m.d.sync += first.eq(terms.ends)
        issued, opens = delayed(m, terms.issue, 2), delayed(m, first, 2)
        sums = Signal(self._sums)
        if self.plain:
            event = Mux(terms.outside, self.op.pad_value, terms.values[0])
            # To clear or hold a register is free, a gate is not.
            for lane in range(self.out.block):
                with m.If(issued & opens & ~event):
                    m.d.sync += sums[lane].eq(0)
                with m.Elif(issued & event):
                    m.d.sync += sums[lane].eq(
                        Mux(opens, weights[lane][0], sums[lane] + weights[lane][0]))
            return sums
        values = [Mux(terms.outside, self.op.pad_value, value) for value in terms.values]
        issued, opens = (delayed(m, signal, 1 + self.adding) for signal in (issued, opens))
        for lane in range(self.out.block):
            found = [_product(value, weight)
                     for value, weight in zip(values, weights[lane], strict=True)]
            if self.adding:
                found = [delayed(m, sum(found[n:n + TOGETHER]), 1)
                         for n in range(0, len(found), TOGETHER)]
            product = Signal.like(sums[lane], name="product")
            m.d.sync += product.eq(sum(found))
            with m.If(issued):
                m.d.sync += sums[lane].eq(Mux(opens, product, sums[lane] + product))
        return sums

    def _send(self, m, sums, done, last_left):
        """Shift sums, add their bias, and send them a beat after the other."""
        out, op = self.out, self.op
        parameters = self._parameters
        asked, ready = delayed(m, done, self.latency - 3), delayed(m, done, self.latency - 1)
        found = parameters.read(m, C(1), asked)
        shifts = np.unique(op.shift).tolist()
        results = Signal(data.ArrayLayout(out.shape, out.block))
        for lane in range(out.block):
            shifted = Array([sums[lane] << shift for shift in shifts])
            index = found[lane][1] if len(shifts) > 1 else 0
            m.d.comb += results[lane].eq(shifted[index] + found[lane][0])

        waiting = Signal(out.block * out.shape.width)
        left = Signal(out.groups)
        leaves = Signal()
        m.d.comb += [
            self.o.payload.eq(waiting[:out.bits]),
            self.o.valid.eq(left[0]),
            leaves.eq(self.o.valid & self.o.ready),
            last_left.eq(leaves & (left == 1)),
        ]
        with m.If(ready):
            m.d.sync += [waiting.eq(results), left.eq(-1)]
        with m.Elif(leaves):
            m.d.sync += [waiting.eq(waiting >> out.bits), left.eq(left >> 1)]


def _product(value: Value, weight: Value) -> Value:
    """``value * weight`` by the bits of the weight, the highest of which counts negative.

    Yosys' own product of an unsigned value and a weight of 4 bits is three times as large.
    """
    *rows, last = [Mux(bit, value, 0).shift_left(n) for n, bit in enumerate(weight)]
    return sum(rows) - last
