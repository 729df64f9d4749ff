"""Wide pipelines move as a whole: registers say a cycle ahead whether they do.

Hundreds of flip-flops ask it, or thousands, and no enable is a global net.
"""

from amaranth import *

__all__ = ["Ahead", "moves"]


class Ahead:
    """What a component has whose pipeline can be told ahead.

    Attributes
    ----------
    wide : bool
        Whether it should be.
    ready_next : Value or None
        Whether the output is ready in the next cycle, if who is behind it knows. To be set before
        elaboration; the pipeline moves in the same cycles with it as without.
    """

    wide: bool
    ready_next: Value | None = None


def moves(m: Module, full: Value, comes: Value, ready_next: Value, copies: int) -> Signal:
    """Registers that all say whether a pipeline moves, each computed of itself, so that no tool
    takes them for one.

    Parameters
    ----------
    full, comes : Value
        Whether there is a beat at the pipeline's end, and whether there is after a step.
    ready_next : Value
        Whether that beat is taken in the next cycle.
    copies : int
    """
    found = Signal(copies, init=(1 << copies) - 1, name="moves")
    for copy in found:
        m.d.sync += copy.eq(~Mux(copy, comes, full) | ready_next)
    return found
