"""Pooling over time, as a sum."""

from hdl.layout import Layout
from hdl.recurrence import Recurrence
from ir.ops import TimeSum

__all__ = ["TimeSumLanes"]


class TimeSumLanes(Recurrence):
    """Sums a block's channels over its time steps and sends the sums after the last.

    Timing
    ------
    As :class:`Recurrence`.

    Parameters
    ----------
    op : :class:`TimeSum`
    a : :class:`Layout`
        Of the input; the output has its block and lanes.
    """

    def __init__(self, op: TimeSum, a: Layout):
        out = op.output(a.tensor)
        super().__init__(a, a.retyped(out), out.interval, period=a.groups,
                         rounds=a.tensor.steps, every=False)

    def charge(self, v, x, later):
        return v + x
