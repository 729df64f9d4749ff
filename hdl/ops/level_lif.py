"""Neurons that fire several levels at once, up or down."""

from collections.abc import Sequence

import numpy as np
from amaranth import *

from hdl.adders import Adders
from hdl.area import logic
from hdl.arith import reaches
from hdl.channel_constants import ChannelConstants
from hdl.layout import Layout
from hdl.leak import Leak
from hdl.recurrence import Recurrence
from ir import Budget, Interval
from ir.ops import LevelLif, Polarity

__all__ = ["LevelLifLanes"]


class LevelLifLanes(Recurrence):
    """Neurons of several levels that share lanes: a comparator per level, then their number.

    Timing
    ------
    As :class:`Recurrence`: latency 4, or more where the leak or the reset takes several stages;
    one beat per cycle; where a potential is kept at all, at least as many cycles per block and
    time step as the latency has.

    Parameters
    ----------
    op : :class:`LevelLif`
    a : :class:`Layout`
        Of the input current.
    name : str
        Names the memory contents; unique in a design.

    Members
    -------
    i, o
        Currents in, levels out, in one layout.
    """

    def __init__(self, op: LevelLif, a: Layout, *, name: str = "level_lif"):
        out, state = a.retyped(op.output(a.tensor)), op.potential(a.tensor)
        # A potential of which nothing is kept is none.
        rounds = a.tensor.steps if op.keep else 1
        self.op, self.kept = op, rounds > 1
        self.leak = Leak.of(op.keep, op.drive, op.divisor, state if self.kept else Interval(0, 0),
                            a.tensor.interval)
        # Beyond what is reached, one threshold is as good as another.
        top = max(state.high, -state.low if op.polarity is Polarity.BOTH else 0) + 1
        reached = op.threshold.clip(min(state.low, 0), top)
        constants = np.vstack([reached, op.spacing]) if self.kept else reached
        self.known = ChannelConstants(constants, a, f"{name}_threshold")
        settling = 2
        if self.kept:
            row = Adders(lambda value: value)
            row.sum([(C(0), False)] * (1 + op.fired.bits))
            settling += row.registers
        super().__init__(a, out, state, period=a.groups, rounds=rounds, every=True,
                         charging=self.leak.stages, settling=settling)

    def area(self) -> Budget:
        """Estimated resources."""
        lanes, bits, op = self.a.lanes, self.state.bits, self.op
        ways = 2 if op.polarity is Polarity.BOTH else 1
        compared = bits * op.levels * ways / 2 + 2 * op.levels
        reset = bits * (1 + op.fired.bits) if self.kept else 0
        stages = self.charging + (1 if self.kept else 0)
        around = 30 if self.kept else -30
        return super().area() + self.known.area() + logic(
            around + lanes * (self.leak.luts + compared + reset),
            lanes * (bits * (stages - 1) + op.levels * ways))

    def constants(self, m, step, taken):
        """The thresholds of the beat's channels and their spacing."""
        return self.known.read(m, step, taken)

    def charge(self, v, x, later):
        return self.leak.build(v, x, later)

    def settle(self, h, constant, later):
        levels, both = range(self.op.levels), self.op.polarity is Polarity.BOTH
        up = [later(reaches(h, constant[level])) for level in levels]
        down = [later(reaches(-h, constant[level])) for level in levels] if both else []
        fired = self._fired(up, down)
        if not self.kept:
            return fired, h
        spacing, row = later(Value.cast(constant[self.op.levels])), Adders(later)
        # In two's complement the highest bit of what fired counts negative.
        terms = [(Mux(bit, spacing, 0) << n, not (fired.shape().signed and n == len(fired) - 1))
                 for n, bit in enumerate(fired)]
        left = row.sum([(later(h), False), *terms])
        for _ in range(row.registers):
            fired = later(fired)
        return fired, left

    def _fired(self, up: Sequence[Value], down: Sequence[Value]) -> Value:
        """How many levels up or down; of levels that were reached, all below were, too."""
        shape = self.out.shape
        bits: list[list[Value]] = [[C(0)] for _ in range(shape.width)]
        for reached, sign in ((up, 1), (down, -1)):
            for level, this in enumerate(reached):
                last = this & ~reached[level + 1] if level + 1 < len(reached) else this
                for n, ones in enumerate(bits):
                    if sign * (level + 1) >> n & 1:
                        ones.append(last)
        count = Cat(Cat(*ones).any() for ones in bits)
        return count.as_signed() if shape.signed else count
