"""The values that windows are reduced from, one tap per cycle; here of windows of one tap."""

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from hdl.arith import wrapping
from hdl.layout import Layout

__all__ = ["PointTaps", "count_words", "tap_ports"]


def tap_ports(layout: Layout, taps: int) -> dict[str, Member]:
    """The ports of a source of taps, for windows of so many.

    A beat of the output is asked for tap by tap, in cycles that follow each other.

    i
        Input stream.
    permit
        A beat may be begun, and goes on once it is; low again in the cycle after the last
        ``sent`` that there is room for.
    sent
        Strobe: the last tap of a beat is asked for.
    group, address
        Which group of channels a tap belongs to, and ``tap * groups + group`` for a memory of
        parameters; two cycles ahead of ``values``.
    first, last
        The tap is the first, or the last, of its beat. ``last`` is high for nothing else.
    values
        What the tap reads.
    """
    groups = layout.tensor.channels // layout.lanes
    return {
        "i": In(layout.signature()),
        "permit": In(1),
        "sent": Out(1),
        "group": Out(range(max(2, groups))),
        "address": Out(range(max(2, groups * taps))),
        "first": Out(1),
        "last": Out(1),
        "values": Out(layout.payload),
    }


def count_words(m: Module, layout: Layout, turn: Value) -> tuple[Value, Value, Value]:
    """Count the beats of positions, one further with each ``turn``.

    Returns the time step, the group of channels, and whether it is a position's last beat.
    """
    steps = layout.tensor.steps
    group, step = Signal(range(layout.groups)), Signal(range(steps))
    base = Signal(range(layout.blocks * layout.groups))
    group_ends, step_ends = group == layout.groups - 1, step == steps - 1
    base_ends = base == (layout.blocks - 1) * layout.groups
    with m.If(turn):
        m.d.sync += group.eq(wrapping(group, layout.groups))
        with m.If(group_ends):
            m.d.sync += step.eq(wrapping(step, steps))
            with m.If(step_ends):
                m.d.sync += base.eq(Mux(base_ends, 0, base + layout.groups))
    return step, base + group, group_ends & step_ends & base_ends


class PointTaps(wiring.Component):
    """Hands on a stream whose every beat is a window by itself.

    Timing
    ------
    One beat per cycle while ``permit`` is high; its values come :attr:`LATENCY` cycles after it
    is taken.

    Parameters
    ----------
    layout : :class:`Layout`
        Of the input.

    Members
    -------
    See :func:`tap_ports`.
    """

    LATENCY = 2

    def __init__(self, layout: Layout):
        self.layout = layout
        super().__init__(tap_ports(layout, 1))

    def elaborate(self, platform):
        m = Module()
        _, group, _ = count_words(m, self.layout, self.sent)
        kept, sent = Signal.like(self.values), Signal()
        m.d.comb += [
            self.i.ready.eq(self.permit),
            self.sent.eq(self.i.valid & self.permit),
            self.group.eq(group), self.address.eq(group),
            self.first.eq(1),
        ]
        m.d.sync += [
            kept.eq(self.i.payload), self.values.eq(kept),
            sent.eq(self.sent), self.last.eq(sent),
        ]
        return m
