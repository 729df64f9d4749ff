"""How the sums of an attention leave: those of a head and time step at once, through a buffer."""

from collections.abc import Generator

from amaranth import *
from amaranth.lib import wiring

from hdl.fifo import Fifo
from hdl.layout import Layout
from hdl.wires import Wire

__all__ = ["SumsOut", "SumsTimes"]


class SumsOut:
    """Sends sums of a head and time step in beats, and says when others may be asked for.

    Room in the buffer is counted for all beats of a sum when it is asked for, so that nothing
    behind stops on its way out.

    Parameters
    ----------
    out : :class:`Layout`
        Of the output: blocks of one head.
    cycles : int
        Cycles in which a sum is asked for, at least.
    """

    def __init__(self, out: Layout, cycles: int):
        self.out, self.cycles = out, cycles
        self.depth = 16 * -(-(9 + 2 * out.groups) // 16)

    @property
    def latency(self) -> int:
        """Cycles from when sums are done to their first beat, nothing waiting."""
        return 1 + Fifo.latency(self.out.bits, self.depth)

    def permits(self, m: Module, o, asked: Value) -> Value:
        """Whether the last question for a sum may be ``asked`` in this cycle."""
        groups = self.out.groups
        room = Signal(range(self.depth + 1), init=self.depth, name="room")
        m.d.sync += room.eq(room + (o.valid & o.ready) - Mux(asked, groups, 0))
        return (room >= groups) & self._spaced(m, asked)

    def _spaced(self, m, sends):
        """Whether the sums sent before have left for the output, so that others can follow."""
        groups = self.out.groups
        if groups <= self.cycles:
            return C(1)
        spacing, spaced = Signal(range(groups)), Signal(init=1)
        with m.If(sends):
            m.d.sync += [spacing.eq(groups - 1), spaced.eq(0)]
        with m.Elif(spacing != 0):
            m.d.sync += [spacing.eq(spacing - 1), spaced.eq(spacing == 1)]
        return spaced

    def send(self, m: Module, o, sums: Value, done: Value) -> None:
        """Send ``sums`` as they are in a cycle in which they are ``done``."""
        out = self.out
        waiting, left = Signal(out.block * out.shape.width), Signal(range(out.groups + 1))
        m.d.sync += [
            waiting.eq(Mux(done, sums, waiting.shift_right(out.bits))),
            left.eq(Mux(done, out.groups, Mux(left == 0, 0, left - 1))),
        ]
        m.submodules.buffer = buffer = Fifo(o.payload.shape(), self.depth)
        m.d.comb += [buffer.i.valid.eq(left != 0),
                     buffer.i.payload.as_value().eq(waiting[:out.bits])]
        wiring.connect(m, buffer.o, wiring.flipped(o))


class SumsTimes:
    """When sums are asked for, and when they leave.

    Parameters
    ----------
    o : :class:`Wire`
        The output.
    groups, depth : int
        Beats of a sum; what the buffer holds.
    latency : int
        Cycles from the last question for a sum to its first beat.
    """

    def __init__(self, o: Wire, groups: int, depth: int, latency: int):
        self.o, self.groups, self.depth, self.latency = o, groups, depth, latency
        self.sent = self._spaced = 0

    def ask(self, cycle: int) -> Generator[None, None, int]:
        """The cycle in which the next sum's last question is asked, ``cycle`` or later."""
        returned = self.sent + self.groups - self.depth - 1
        yield from self.o.taken(returned)
        room = self.o.takes[returned] + 1 if returned >= 0 else 0
        issued = max(cycle, room, self._spaced)
        self._spaced = issued + self.groups
        for beat in range(self.groups):
            self.o.offer(issued + self.latency + beat)
        self.sent += self.groups
        return issued
