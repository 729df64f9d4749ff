"""Convolution one word of inputs after the other, zero or not."""

from collections.abc import Callable

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.adders import Adders
from hdl.area import ROM_DEPTH, logic, ram, rom
from hdl.arith import counter, pack_rows
from hdl.channel_constants import ChannelConstants
from hdl.delayed import delayed
from hdl.fifo import Fifo
from hdl.layout import Layout, shape_of
from hdl.memory import Memory
from hdl.product import Product
from hdl.serial_terms import PointTerms, WindowTerms
from hdl.serial_timing import SerialTiming
from hdl.serial_window import SerialWindow
from hdl.window import Window
from ir import Budget, Interval
from ir.ops import Conv

__all__ = ["SerialConv"]

TABLED = 4
"""Spikes that share a table of what their weights add up to."""

ROWS, COLUMNS, WORTH = 512, 36, 33
"""Words and bits of a block RAM, and the bits of weights a word that one must save: products of
spikes and weights take six LUTs a bit, and a block RAM is worth two hundred."""

LOOK_UP = 2
"""Cycles from spikes to what they add."""

TOGETHER = 2
"""Products that are added in one cycle with being made; of more lanes the sums take another."""


class SerialConv(wiring.Component):
    """Multiplies every input of a window by its weights, for a group of output channels at once.

    The smallest engine, where a layer has cycles to spare: nothing is searched or listed. A beat
    of the input is a word, and all its channels are multiplied in one cycle. Many spikes at once
    are not multiplied, where a block RAM has room for it: every four look up their sum.

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
        self.tabled = self._worth_tables()
        inputs = Mux(C(0), op.pad_value, C(0, a.shape)).shape()
        self.product = Product(inputs, signed(op.weight_bits))
        # Registers between the products, or what was looked up, and their sum.
        addends = a.lanes // TABLED if self.tabled else a.lanes
        self.adding = self._sum(lambda value: value, [C(0)] * addends)[1]
        if not self.tabled:
            self.adding += self.product.registers + self._apart
        self.latency = 4 if self.plain else 5 + self.adding + LOOK_UP * self.tabled
        super().__init__({"i": In(a.signature()), "o": Out(out.signature())})

    @property
    def _apart(self) -> bool:
        """Whether there is a register between products and their sum: not two sums in a row."""
        return self.a.lanes > 1 and self.product.sums > 1

    @property
    def _rows(self) -> int:
        """Words of the weights' memory."""
        return self.out.blocks * self.words

    def _worth_tables(self) -> bool:
        op, lanes = self.op, self.a.lanes
        columns = self.out.block * (op.weight_bits + 2)
        return (self.a.tensor.is_spikes and lanes % TABLED == 0 and self._rows << TABLED <= ROWS
                and TABLED * self.out.block * op.weight_bits >= WORTH * -(-columns // COLUMNS))

    def _tables(self) -> np.ndarray:
        """What weights add up to: ``[table, word, pattern of spikes, channel of a group]``."""
        patterns = np.arange(1 << TABLED)[:, None] >> np.arange(TABLED) & 1
        # [block, channel, word, table, lane]
        weights = self._by_word().reshape(
            self.out.blocks, self.out.block, self.words, -1, TABLED)
        found = weights @ patterns.T
        return found.transpose(3, 0, 2, 4, 1).reshape(
            found.shape[3], self._rows, 1 << TABLED, self.out.block)

    def _by_word(self) -> np.ndarray:
        """The weights as ``[block, channel, word, lane]``."""
        return self.op.weight.transpose(0, 2, 3, 1).reshape(
            self.out.blocks, self.out.block, self.words, self.a.lanes)

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
        need += self._parameters.area()
        if not self.tabled:
            need += rom(weights, self._rows)
        if out.groups > 1:
            need += logic(biased, biased)
        if self.tabled:
            need += self._table_area()
        elif not self.plain:
            product = op.weight_bits + a.tensor.interval.bits
            products = out.block * a.lanes
            # A spike lets a weight through; others are multiplied.
            made = (4.5 * weights if a.tensor.is_spikes else
                    products * self.product.luts + (products - out.block) * (product + 2))
            need += logic(made, out.block * product)
            if self.adding:
                need += logic(0, out.block * -(-a.lanes // TOGETHER) * (product + 1))
            need += logic(0, products * (self.product.held + self._apart) * product)
        if self.walk is None:
            need += logic(4, a.bits * a.position_beats)
            return need + ram(a.bits, self.ahead) + logic(70, 28) if self.ahead else need
        return need + logic(70, 35) + ram(a.bits, self.walk.depth(
            a.tensor.channels // a.lanes, a.tensor.steps))

    def _table_area(self) -> Budget:
        count, bits = self.a.lanes // TABLED, self.op.weight_bits + 2
        adders = (count - 1) * self.out.block
        return sum([rom(self.out.block * bits, self._rows << TABLED)] * count,
                   logic(adders * (2 * bits + 5), adders * bits))

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
        weigh = self._looked_up if self.tabled else self._weights
        weights = weigh(m, terms, done & terms.final, step_ends)
        sums = self._add(m, terms, weights)
        self._send(m, sums, done, last_left)
        return m

    def _weights(self, m, terms, window_done, step_ends):
        """The weights of a word, two cycles after it is asked for: those of each lane together."""
        op, out, lanes = self.op, self.out, self.a.lanes
        weights = self._by_word()
        m.submodules.weights = memory = Memory(
            width=out.block * lanes * op.weight_bits, depth=out.blocks * self.words,
            name=f"{self.name}_weight",
            contents=pack_rows(weights.swapaxes(1, 2).reshape(-1, out.block * lanes),
                               op.weight_bits))
        address = self._address(m, terms, window_done, step_ends)
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

    def _address(self, m, terms, window_done, step_ends) -> Value:
        """The row of weights of the word that is asked for."""
        address = Signal(range(max(2, self._rows)))
        with m.If(terms.issue):
            again = terms.ends & ~step_ends
            m.d.sync += address.eq(Mux(
                window_done, 0, address + Mux(again, 1 - self.words, 1)))
        return address

    def _looked_up(self, m, terms, window_done, step_ends) -> list[list[Value]]:
        """What every four spikes add to each sum, :data:`LOOK_UP` cycles after they are there."""
        row = delayed(m, self._address(m, terms, window_done, step_ends), 2)
        values = self._values(terms)
        tables = self._tables()
        entry = shape_of(Interval(int(tables.min()), int(tables.max())))
        layout, found = data.ArrayLayout(entry, self.out.block), []
        for n, table in enumerate(tables):
            spikes = Cat(values[n * TABLED:(n + 1) * TABLED])
            m.submodules[f"table{n}"] = memory = Memory(
                width=layout.size, depth=self._rows << TABLED, name=f"{self.name}_table{n}",
                contents=pack_rows(table.reshape(-1, self.out.block), entry.width))
            word = Signal(layout, reset_less=True, name=f"word{n}")
            m.d.comb += memory.read_addr.eq(Cat(spikes, row))
            m.d.sync += word.eq(memory.read_data)
            found.append(word)
        return [[word[lane] for word in found] for lane in range(self.out.block)]

    def _values(self, terms) -> list[Value]:
        """The word's inputs, and what padding is outside the map."""
        return [Mux(terms.outside, self.op.pad_value, value) for value in terms.values]

    def _add(self, m, terms, weights):
        """Multiply, unless that was looked up, and add: a pipeline that never stalls."""
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
        values = self._values(terms)
        issued, opens = (delayed(m, signal, 1 + self.adding + LOOK_UP * self.tabled)
                         for signal in (issued, opens))
        for lane in range(self.out.block):
            found = weights[lane] if self.tabled else [
                self._multiplied(m, value, weight)
                for value, weight in zip(values, weights[lane], strict=True)]
            product = Signal.like(sums[lane], name="product")
            m.d.sync += product.eq(self._sum(lambda value: delayed(m, value, 1), found)[0])
            with m.If(issued):
                m.d.sync += sums[lane].eq(Mux(opens, product, sums[lane] + product))
        return sums

    def _multiplied(self, m, value, weight):
        product = self.product.build(value, weight, lambda each: delayed(m, each, 1))
        return delayed(m, product, int(self._apart))

    @staticmethod
    def _sum(later: Callable[[Value], Value], products: list[Value]) -> tuple[Value, int]:
        """The sum of products, and how many registers are in its way."""
        if len(products) <= TOGETHER:
            return sum(products), 0
        pairs = [later(sum(products[n:n + TOGETHER]))
                 for n in range(0, len(products), TOGETHER)]
        row = Adders(later)
        return row.sum([(pair, False) for pair in pairs]), 1 + row.registers

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
