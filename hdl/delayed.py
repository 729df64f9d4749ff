"""A value some cycles later."""

from amaranth import *
from amaranth.hdl import ValueLike

__all__ = ["delayed"]


def delayed(m: Module, value: ValueLike, cycles: int) -> Value:
    """``value`` as it was ``cycles`` before, through registers that never wait."""
    late = Value.cast(value)
    for _ in range(cycles):
        before, late = late, Signal(late.shape(), name="late")
        m.d.sync += late.eq(before)
    return late
