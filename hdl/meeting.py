"""Two streams that give a beat together."""

from amaranth import *

from hdl.ahead import moves
from hdl.wires import Process, Wire

__all__ = ["LATENCY", "meet", "meeting"]

LATENCY = 1
"""Cycles from both beats' being there to one that is offered."""


def meet(m: Module, a, b, o, ready_next: Value | None = None) -> tuple[Value, Value]:
    """Take from two streams when both offer a beat, for a register at the output.

    Whether that register moves, and whether both are there. ``ready_next`` is what :mod:`hdl.ahead`
    says of it.
    """
    step, both = Signal(), Signal()
    takes, fills = ((step, ~o.valid | o.ready) if ready_next is None
                    else moves(m, o.valid, both, ready_next, 2))
    m.d.comb += [
        step.eq(fills),
        both.eq(a.valid & b.valid),
        a.ready.eq(takes & both),
        b.ready.eq(takes & both),
    ]
    return step, both


def meeting(a: Wire, b: Wire, o: Wire, beats: int) -> Process:
    """When so many beats meet, and are offered as one."""
    for beat in range(beats):
        yield from a.offered(beat)
        yield from b.offered(beat)
        yield from o.taken(beat - 1)
        taken = max(a.offers[beat], b.offers[beat],
                    o.takes[beat - 1] if beat else 0, a.takes[-1] + 1 if beat else 0)
        a.take(taken)
        b.take(taken)
        o.offer(taken + LATENCY)
