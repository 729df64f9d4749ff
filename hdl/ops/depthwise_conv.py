"""Convolution of each channel by itself."""

from amaranth import *
from amaranth.lib import data

from hdl.area import logic, rom
from hdl.arith import pack
from hdl.delayed import delayed
from hdl.layout import Layout
from hdl.memory import Memory
from hdl.product import Product
from hdl.window_lanes import WindowLanes
from ir import Budget
from ir.ops import DepthwiseConv

__all__ = ["DepthwiseConvLanes"]


class DepthwiseConvLanes(WindowLanes):
    """Adds up a weight per tap, times the value there; spikes only choose weights.

    Timing
    ------
    As :class:`WindowLanes`. Values that are not spikes are multiplied in a cycle of their own, or
    more where both have many bits; shifts that differ and biases take one more cycle each.

    Parameters
    ----------
    op : :class:`DepthwiseConv`
    a : :class:`Layout`
        Of the input.
    name : str
        Names the memory contents; unique in a design.

    Members
    -------
    i, o
        Input and output stream, cut alike.
    """

    def __init__(self, op: DepthwiseConv, a: Layout, *, name: str = "depthwise_conv"):
        self.op, self.name = op, name
        self.spikes = a.tensor.is_spikes
        self.shifts = sorted(set(op.shift.tolist()))
        self.biased = bool(op.bias.any())
        self.product = Product(a.shape, signed(op.weight_bits))
        super().__init__(op, a, op.accumulator(a.tensor.interval),
                         terming=0 if self.spikes else 1 + self.product.registers,
                         finishing=(len(self.shifts) > 1) + self.biased)

    @property
    def parameters(self) -> data.StructLayout:
        """What a channel has besides its weights; nothing where all have the same."""
        bias = range(min(0, int(self.op.bias.min())), int(self.op.bias.max()) + 1)
        return data.StructLayout({"shift": range(len(self.shifts)), "bias": bias})

    def area(self) -> Budget:
        """Estimated resources."""
        op, a, lanes = self.op, self.a, self.a.lanes
        groups = a.tensor.channels // lanes
        need = super().area() + rom(lanes * op.weight_bits, groups * op.kernel**2)
        need += logic(0, lanes * op.weight_bits)
        if self.spikes:
            need += logic(0.5 * lanes * op.weight_bits)
        else:
            need += logic(lanes * self.product.luts,
                          (1 + self.product.held) * (a.bits + lanes * op.weight_bits))
        if len(self.shifts) > 1:
            need += logic(0.6 * len(self.shifts) * self.out.bits, self.out.bits)
        if self.biased:
            need += logic(self.out.bits, self.out.bits)
        return need + rom(lanes * self.parameters.size, groups)

    def terms(self, m, taps):
        op, lanes, bits = self.op, self.a.lanes, self.op.weight_bits
        rows = op.weight.reshape(-1, lanes, op.kernel**2)
        m.submodules.weights = memory = Memory(
            width=lanes * bits, depth=len(rows) * op.kernel**2, name=f"{self.name}_weight",
            contents=[pack(row[:, tap], bits) for tap in range(op.kernel**2) for row in rows])
        weights = Signal(data.ArrayLayout(signed(bits), lanes), reset_less=True)
        m.d.comb += memory.read_addr.eq(taps.address)
        m.d.sync += weights.eq(memory.read_data)
        if self.spikes:
            return [Mux(taps.values[lane], weights[lane], 0) for lane in range(lanes)]
        terms = []
        for lane in range(lanes):
            product = self.product.build(taps.values[lane], weights[lane],
                                         lambda value: delayed(m, value, 1))
            terms.append(delayed(m, product, 1))
        return terms

    def finish(self, m, taps, sums):
        found = self._found(m, taps) if self.parameters.size else None
        aligned = [value << self.shifts[0] for value in sums]
        if found is not None and len(self.shifts) > 1:
            aligned = []
            for lane, value in enumerate(sums):
                choices = Array([value << shift for shift in self.shifts])
                aligned.append(Signal((value << self.shifts[-1]).shape(), name=f"aligned_{lane}"))
                m.d.sync += aligned[lane].eq(choices[found[lane].shift])
            found = data.View(found.shape(), delayed(m, found, 1))
        if found is None or not self.biased:
            return aligned
        results = Signal(self.out.payload)
        m.d.sync += [results[lane].eq(value + found[lane].bias)
                     for lane, value in enumerate(aligned)]
        return [results[lane] for lane in range(self.a.lanes)]

    def _found(self, m, taps):
        """The parameters of the channels whose sums are done, in the cycle in which they are."""
        op, lanes, channel = self.op, self.a.lanes, self.parameters
        each = [channel.const({"shift": self.shifts.index(int(shift)), "bias": int(bias)})
                for shift, bias in zip(op.shift, op.bias, strict=True)]
        words = [pack([value.as_bits() for value in each[first:first + lanes]], channel.size)
                 for first in range(0, op.channels, lanes)]
        m.submodules.parameters = memory = Memory(
            width=lanes * channel.size, depth=len(words), name=f"{self.name}_bias",
            contents=words)
        found = Signal(data.ArrayLayout(channel, lanes), reset_less=True)
        m.d.comb += memory.read_addr.eq(delayed(m, taps.group, self.terming + 1))
        m.d.sync += found.eq(memory.read_data)
        return found
