"""Max pooling."""

from amaranth import *

from hdl.layout import Layout
from hdl.window_lanes import WindowLanes
from ir.ops import MaxPool

__all__ = ["MaxPoolLanes"]


class MaxPoolLanes(WindowLanes):
    """Greatest value of each window; of spikes it is an OR.

    Timing
    ------
    As :class:`WindowLanes`.

    Parameters
    ----------
    op : :class:`MaxPool`
    a : :class:`Layout`
        Of the input.

    Members
    -------
    i, o
        Input and output stream, cut alike.
    """

    def __init__(self, op: MaxPool, a: Layout):
        super().__init__(op, a, a.tensor.interval)

    def fold(self, first, kept, term):
        return Mux(first | (term > kept), term, kept)
