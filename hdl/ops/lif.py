"""Leaky integrate-and-fire neurons."""

import numpy as np
from amaranth import *

from hdl.area import logic
from hdl.arith import reaches
from hdl.channel_constants import ChannelConstants
from hdl.layout import Layout
from hdl.leak import Leak
from hdl.recurrence import Recurrence
from ir import Budget, Interval
from ir.ops import Lif, Reset

__all__ = ["LifLanes"]


class LifLanes(Recurrence):
    """Neurons that share lanes: a block's membrane potentials stay here for its time steps.

    Timing
    ------
    As :class:`Recurrence`: latency 3, or more where the leak takes several stages; one beat per
    cycle; where a potential is kept at all, at least as many cycles per block and time step as
    the latency has.

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
        out, state = a.retyped(op.output(a.tensor)), op.potential(a.tensor)
        # A potential of which nothing is kept is none.
        rounds = a.tensor.steps if op.keep else 1
        self.op = op
        self.leak = Leak.of(op.keep, op.drive << op.fraction_bits, op.divisor,
                            state if rounds > 1 else Interval(0, 0), a.tensor.interval)
        # Above the greatest potential, one threshold is as good as another.
        self.threshold = ChannelConstants(np.minimum(op.threshold, state.high + 1)[None], a,
                                          f"{name}_threshold")
        super().__init__(a, out, state, period=a.groups, rounds=rounds, every=True,
                         charging=self.leak.stages)

    def area(self) -> Budget:
        """Estimated resources."""
        lanes, bits = self.a.lanes, self.state.bits
        return (super().area() + self.threshold.area()
                + logic(45 + lanes * (bits / 2 + self.leak.luts),
                        lanes * bits * (self.charging - 1)))

    def constants(self, m, step, taken):
        """The thresholds of the beat's channels."""
        return self.threshold.read(m, step, taken)

    def charge(self, v, x, later):
        return self.leak.build(v, x, later)

    def settle(self, h, constant, later):
        fires = reaches(h, constant[0])
        reset = 0 if self.op.reset is Reset.TO_ZERO else h - constant[0]
        return fires, Mux(fires, reset, h)
