"""Sums of windows."""

from hdl.layout import Layout
from hdl.window_lanes import WindowLanes
from ir.ops import SumPool
from ir.tensors import Interval

__all__ = ["SumPoolLanes"]


class SumPoolLanes(WindowLanes):
    """Sum of each window.

    Timing
    ------
    As :class:`WindowLanes`.

    Parameters
    ----------
    op : :class:`SumPool`
    a : :class:`Layout`
        Of the input.

    Members
    -------
    i, o
        Input and output stream, cut alike.
    """

    def __init__(self, op: SumPool, a: Layout):
        one, area = a.tensor.interval, op.kernel**2
        # Between one tap and all of them.
        super().__init__(op, a, Interval(min(one.low, one.low * area),
                                         max(one.high, one.high * area)))
