"""Leaky integrate-and-fire neurons."""

from amaranth import *
from amaranth.lib import data

from hdl.area import logic, rom
from hdl.arith import pack, wrapping
from hdl.layout import Layout
from hdl.memory import Memory
from hdl.recurrence import Recurrence
from ir import Budget
from ir.ops import Lif, Reset

__all__ = ["LifLanes"]


class LifLanes(Recurrence):
    """Neurons that share lanes: a block's membrane potentials stay here for its time steps.

    Timing
    ------
    As :class:`Recurrence`: latency 3, one beat per cycle, at least 3 cycles per block and time
    step when there is more than one time step.

    Parameters
    ----------
    op : :class:`Lif`
    a : :class:`Layout`
        Of the input current.
    name : str
        Names the memory contents; unique in a design.

    Members
    -------
    i, o
        Currents in, spikes out, in one layout.
    """

    def __init__(self, op: Lif, a: Layout, *, name: str = "lif"):
        self.op, self.name = op, name
        super().__init__(a, a.retyped(op.output(a.tensor)), op.potential(a.tensor.interval),
                         period=a.groups, rounds=a.tensor.steps, every=True)

    def area(self) -> Budget:
        """Estimated resources."""
        bits = int(self.op.threshold.max()).bit_length() + 1
        return (super().area() + logic(30 + 1.5 * self.a.lanes * self.state.bits)
                + rom(bits * self.a.lanes, self.a.tensor.channels // self.a.lanes))

    def constants(self, m, step, taken):
        """The thresholds of the beat's channels."""
        op, a = self.op, self.a
        bits = int(op.threshold.max()).bit_length() + 1
        thresholds = [pack(op.threshold[first:first + a.lanes].tolist(), bits)
                      for first in range(0, a.tensor.channels, a.lanes)]
        m.submodules.thresholds = memory = Memory(
            width=bits * a.lanes, depth=len(thresholds), name=f"{self.name}_threshold",
            contents=thresholds)
        group, turn = Signal(range(a.groups)), Signal(range(a.tensor.steps))
        block = Signal(range(max(2, len(thresholds))))
        with m.If(taken):
            m.d.sync += group.eq(wrapping(group, a.groups))
            with m.If(group == a.groups - 1):
                m.d.sync += turn.eq(wrapping(turn, a.tensor.steps))
                with m.If(turn == a.tensor.steps - 1):
                    m.d.sync += block.eq(Mux(block == len(thresholds) - a.groups, 0,
                                             block + a.groups))
        found = Signal(data.ArrayLayout(signed(bits), a.lanes))
        m.d.comb += [memory.read_en.eq(step), memory.read_addr.eq(block + group)]
        with m.If(step):
            m.d.sync += found.eq(memory.read_data)
        return found

    def charge(self, v, x):
        # Amaranth's // rounds towards minus infinity; by a power of two it is a shift.
        return (self.op.keep * v + self.op.drive * x) // self.op.divisor

    def settle(self, h, constant):
        fires = h >= constant
        reset = 0 if self.op.reset is Reset.TO_ZERO else h - constant
        return fires, Mux(fires, reset, h)
