"""When a reduction of windows does what."""

from dataclasses import dataclass

from hdl.layout import Layout
from hdl.window import Window
from hdl.window_taps import WindowTaps
from hdl.wires import Process, Wire

__all__ = ["PointTiming", "WindowTiming"]

FILLED = 2
"""Cycles from a position's last beat to its being readable."""

RETURN = 2
"""Cycles from a beat leaving the output buffer to another one being asked for."""


@dataclass(frozen=True)
class PointTiming:
    """Windows of one beat at work on so many images; what they hold makes no difference.

    A beat is offered ``latency`` cycles after it is asked for, and ``depth`` of them may be under
    way.
    """

    a: Layout
    latency: int
    depth: int
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.a.image_beats)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        return [self._run(i, o)]

    def _run(self, i: Wire, o: Wire) -> Process:
        ready = 0
        for beat in range(self.images * self.a.image_beats):
            yield from i.offered(beat)
            yield from o.taken(beat - self.depth)
            room = o.takes[beat - self.depth] + RETURN if beat >= self.depth else 0
            taken = i.take(max(ready, room))
            o.offer(taken + self.latency)
            ready = taken + 1


@dataclass(frozen=True)
class WindowTiming:
    """Windows over a map at work on so many images; what they hold makes no difference.

    A beat is offered ``latency`` cycles after its last tap is asked for, and ``depth`` of them may
    be under way.
    """

    a: Layout
    window: Window
    latency: int
    depth: int
    images: int

    def _taps(self, row: int, column: int) -> int:
        window = self.window
        return len(window.taps(row, window.rows)) * len(window.taps(column, window.columns))

    def service(self) -> float:
        """Cycles per image of the busiest part, never waiting for anything."""
        read = sum(max(WindowTaps.WINDOW, self._taps(row, column) * self.a.position_beats)
                   for row in range(self.window.out_rows)
                   for column in range(self.window.out_columns))
        return float(max(read, self.a.image_beats))

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        filled: list[int] = []
        released: list[int] = []
        return [self._collect(i, filled, released), self._read(o, filled, released)]

    def _collect(self, i: Wire, filled: list[int], released: list[int]) -> Process:
        room = self.window.ring_positions
        beats, last = self.a.position_beats, -1
        for position in range(self.images * self.window.rows * self.window.columns):
            while position >= room and len(released) <= position - room:
                yield
            free = released[position - room] + 1 if position >= room else 0
            for beat in range(beats):
                yield from i.offered(position * beats + beat)
                last = i.take(max(last + 1, free))
            filled.append(last + FILLED)

    def _read(self, o: Wire, filled: list[int], released: list[int]) -> Process:
        window = self.window
        image = window.rows * window.columns
        ready = beat = 0
        for start in range(0, self.images * image, image):
            for row in range(window.out_rows):
                for column in range(window.out_columns):
                    need = start + window.need(row, column)
                    while len(filled) <= need:
                        yield
                    begins = max(filled[need] + WindowTaps.CHOSEN, ready)
                    asked = begins - 1
                    for _ in range(self.a.position_beats):
                        yield from o.taken(beat - self.depth)
                        room = o.takes[beat - self.depth] + RETURN if beat >= self.depth else 0
                        asked = max(asked + 1, room) + self._taps(row, column) - 1
                        o.offer(asked + self.latency)
                        beat += 1
                    ready = max(begins + WindowTaps.WINDOW, asked + 1)
                released.extend([asked + 1] * (window.released_rows(row) * window.columns))
