"""When a serial convolution does what: the data make no difference."""

from bisect import bisect_right
from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from hdl.fifo import Fifo
from hdl.layout import Layout
from hdl.serial_window import SerialWindow
from hdl.wires import Process, Wire, buffer

__all__ = ["SerialTiming"]

BEGUN = 2
"""Cycles from a window's last beat, or from the last word before it, to its first word."""

STEADY = 3
"""Images after which an engine that never waits ends each as long after the one before."""


@dataclass(frozen=True)
class SerialTiming:
    """A serial convolution at work on so many images.

    Parameters
    ----------
    a, out : :class:`Layout`
        Of the input and the output.
    walk : :class:`SerialWindow` or None
        None where a position is a window, and is kept in registers.
    ahead : int
        Beats that wait before the registers, if any do.
    words : int
        Of a sum.
    latency : int
        Cycles from a sum's last word being asked for to its first beat.
    images : int
    """

    a: Layout
    out: Layout
    walk: SerialWindow | None
    ahead: int
    words: int
    latency: int
    images: int

    @property
    def sums(self) -> int:
        """Of a window."""
        return self.out.blocks * self.out.tensor.steps

    @cached_property
    def _begins(self) -> list[int]:
        """The position under the first tap of each window, over all images and one more."""
        assert self.walk is not None
        jumps = [jump for _, jump in self.walk.reaches] * max(self.images, STEADY)
        return list(accumulate(jumps, initial=self.walk.first))

    def _needs(self, number: int) -> int:
        """The last position that a window needs, over all images."""
        assert self.walk is not None
        return self._begins[number] + self.walk.reaches[number % len(self.walk.reaches)][0]

    def _makes_room(self, position: int) -> int:
        """The window whose end makes room for a position, or -1."""
        assert self.walk is not None
        return bisect_right(self._begins, position - self.walk.positions) - 1

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        spacing = max(self.words, self.latency + self.out.groups)
        others, beats = (self.sums - 1) * spacing, self.a.position_beats
        if self.walk is None:
            first = max(beats + self.words, spacing)
            return float(self.out.tensor.positions * (first + others))
        ended: list[int] = []
        filled: list[int] = []
        for number in range(STEADY * self.out.tensor.positions):
            while len(filled) <= self._needs(number):
                window = self._makes_room(len(filled))
                free = ended[window] + 1 if window >= 0 else 0
                filled.append(max(filled[-1] + 1 if filled else 0, free) + beats - 1)
            before = ended[-1] if ended else -spacing
            begin = max(filled[self._needs(number)], before) + BEGUN
            ended.append(max(begin + self.words - 1, before + spacing) + others)
        return float(ended[-1] - ended[-1 - self.out.tensor.positions])

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire."""
        if self.walk is None:
            return self._after_buffer(i, o) if self.ahead else [self._turn(i, o)]
        filled: list[int] = []
        ended: list[int] = []
        return [self._collect(i, filled, ended), self._walk(o, filled, ended)]

    def _after_buffer(self, i: Wire, o: Wire) -> list[Process]:
        """Positions kept in registers, and the buffer in front of them."""
        inside = Wire()
        return [buffer(i, inside, self.images * self.a.image_beats, self.ahead,
                       Fifo.latency(self.a.bits, self.ahead)), self._turn(inside, o)]

    def _turn(self, i: Wire, o: Wire) -> Process:
        """Take a position, then add it up again and again."""
        ended = -1
        for _ in range(self.images * self.out.tensor.positions):
            for _ in range(self.a.position_beats):
                yield from i.offered(len(i.takes))
                last = i.take(max(ended, i.takes[-1] if i.takes else -1) + 1)
            ended = yield from self._window(o, last)

    def _collect(self, i: Wire, filled: list[int], ended: list[int]) -> Process:
        for position in range(self.images * self.a.tensor.positions):
            window, last = self._makes_room(position), filled[-1] if filled else -1
            while len(ended) <= window:
                yield
            free = ended[window] + 1 if window >= 0 else 0
            for _ in range(self.a.position_beats):
                yield from i.offered(len(i.takes))
                last = i.take(max(last + 1, free))
            filled.append(last)

    def _walk(self, o: Wire, filled: list[int], ended: list[int]) -> Process:
        for number in range(self.images * self.out.tensor.positions):
            need = self._needs(number)
            while len(filled) <= need:
                yield
            before = max(filled[need], ended[-1] if ended else 0)
            ended.append((yield from self._window(o, before + BEGUN - 1)))

    def _window(self, o: Wire, asked: int) -> Generator[None, None, int]:
        """Ask for the words of a window's sums from the cycle after ``asked``; the last one's."""
        groups = self.out.groups
        for _ in range(self.sums):
            first = len(o.offers)
            yield from o.taken(first - 1)
            asked = max(asked + self.words, o.takes[first - 1] + 1 if first else 0)
            o.offer(asked + self.latency)
            for beat in range(first + 1, first + groups):
                yield from o.taken(beat - 1)
                o.offer(o.takes[beat - 1] + 1)
        return asked
