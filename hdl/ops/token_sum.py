"""Global pooling over tokens, as a sum."""

from hdl.layout import Layout
from hdl.recurrence import Recurrence
from ir.ops import TokenSum

__all__ = ["TokenSumLanes"]


class TokenSumLanes(Recurrence):
    """Sums all channels and time steps over the positions and sends the sums with the last.

    Timing
    ------
    As :class:`Recurrence`; the state of a whole position is kept.

    Parameters
    ----------
    op : :class:`TokenSum`
    a : :class:`Layout`
        Of the input; the output has its block and lanes.
    """

    def __init__(self, op: TokenSum, a: Layout):
        out = op.output(a.tensor)
        super().__init__(a, a.retyped(out), out.interval, period=a.position_beats,
                         rounds=a.tensor.positions, every=False)

    def charge(self, v, x, later):
        return v + x
