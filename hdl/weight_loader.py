# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Writes weights after reset into the memories that a bitstream leaves empty."""

from collections.abc import Sequence

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.arith import table
from hdl.memory import LoadPort, Memory

__all__ = ["WORD_BITS", "WeightLoader", "words"]

WORD_BITS = 32
"""Bits that are written at a time."""


def words(width: int, depth: int, contents: Sequence[int]) -> list[int]:
    """What is written to fill a memory: its words from the lowest address, low bits first."""
    places = range(0, WORD_BITS * Memory.parts(width), WORD_BITS)
    assert len(contents) == depth, "a memory is filled whole"
    return [word >> low & (1 << WORD_BITS) - 1 for word in contents for low in places]


class WeightLoader(wiring.Component):
    """Deals what is written to one memory after the other.

    Timing
    ------
    A word every other cycle at most. It reaches its memory two cycles after, and is there to be
    read in the third. What is written when nothing is missing is ignored.

    Parameters
    ----------
    sizes : sequence of tuple of int
        Width and depth of each memory, in the order in which they are filled.

    Members
    -------
    write, data
        The next word.
    restart
        Begin again with the first word.
    missing
        How many words have not been written yet.
    o0, o1, ...
        To the memories.
    """

    def __init__(self, sizes: Sequence[tuple[int, int]]):
        self.sizes = tuple(sizes)
        self.total = sum(Memory.parts(width) * depth for width, depth in self.sizes)
        super().__init__({
            "write": In(1), "data": In(WORD_BITS), "restart": In(1),
            "missing": Out(32, init=self.total),
            **{f"o{n}": Out(LoadPort(depth)) for n, (_, depth) in enumerate(self.sizes)},
        })

    def elaborate(self, platform):
        m = Module()
        parts = [Memory.parts(width) - 1 for width, _ in self.sizes]
        lasts = [depth - 1 for _, depth in self.sizes]
        memory = Signal(range(len(self.sizes) + 1))
        part, address = Signal(range(max(parts) + 1)), Signal(range(max(lasts) + 1))
        part_ends, ends, taken = Signal(), Signal(), Signal()
        m.d.comb += [
            part_ends.eq(part == table(memory, parts)),
            ends.eq(part_ends & (address == table(memory, lasts))),
            taken.eq(self.write & (self.missing != 0)),
        ]
        value, shifts, full = Signal(WORD_BITS), Signal(), Signal()
        at, place = Signal.like(memory), Signal.like(address)
        m.d.sync += [shifts.eq(taken), full.eq(shifts & (part == 0))]
        with m.If(taken):
            m.d.sync += [value.eq(self.data), at.eq(memory), place.eq(address),
                         self.missing.eq(self.missing - 1),
                         part.eq(Mux(part_ends, 0, part + 1))]
            with m.If(ends):
                m.d.sync += [address.eq(0), memory.eq(memory + 1)]
            with m.Elif(part_ends):
                m.d.sync += address.eq(address + 1)
        with m.If(self.restart):
            m.d.sync += [memory.eq(0), part.eq(0), address.eq(0), self.missing.eq(self.total)]
        for n in range(len(self.sizes)):
            port = getattr(self, f"o{n}")
            m.d.comb += [port.data.eq(value), port.address.eq(place),
                         port.shift.eq(shifts & (at == n)), port.write.eq(full & (at == n))]
        return m
