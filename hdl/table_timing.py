"""When a linear layer by tables does what, for given data."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hdl.layout import Layout
from hdl.wires import Process, Wire

__all__ = ["TableTiming"]


@dataclass(frozen=True, eq=False)
class TableTiming:
    """The engine at work on ``images``, ``[N, T, C, H, W]``.

    Parameters
    ----------
    a : :class:`Layout`
        Of the input.
    groups : int
        Beats of a time step's sums.
    piece : int
        Inputs that are looked up at once.
    latency : int
        Steps from a time step's last look-up to its first beat.
    images : ndarray
    """

    a: Layout
    groups: int
    piece: int
    latency: int
    images: np.ndarray

    @cached_property
    def looks(self) -> np.ndarray:
        """Look-ups of each beat of the input, ``[sums, beats]``: at least one."""
        count, steps, channels = self.images.shape[:3]
        pieces = self.images.reshape(count, steps, channels // self.piece, self.piece, -1).any(3)
        beats = pieces.reshape(count, steps, channels // self.a.lanes, -1, pieces.shape[-1])
        looks = np.maximum(beats.sum(3), 1)
        return looks.transpose(0, 3, 1, 2).reshape(-1, channels // self.a.lanes)

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return max(int(self.looks.sum()), len(self.looks) * self.groups) / len(self.images)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire.

        An event is found in one cycle, comes to be looked up after another (its entry), and is
        looked up in a step. Steps are the cycles in which no beat waits at the output; each beat
        has a step to leave in.
        """
        found: list[int] = []
        entered: list[int] = []
        leaving: list[int] = []
        look_up = self._look_up(found, entered, leaving, o)
        return [self._find(i, found, entered, look_up), look_up, self._leave(leaving, o)]

    def _find(self, i: Wire, found: list[int], entered: list[int], look_up: Process) -> Process:
        """An event is found where none waits between it and its entry; else all stands still."""

        def moves(cycle: int) -> Generator[None, None, int]:
            """The first cycle from ``cycle``, after the last search, in which the search moves."""
            if not found or cycle <= found[-1]:
                return found[-1] if found else cycle
            # The two take turns event by event, between which nothing may happen on a wire.
            while len(entered) < len(found):
                next(look_up, None)
                if len(entered) < len(found):
                    yield
            return max(cycle, entered[-1] + 1)

        loaded = searched = -1
        for looks in self.looks.ravel().tolist():
            yield from i.offered(len(i.takes))
            taken = i.take(max(loaded, i.takes[-1] + 1 if i.takes else 0))
            loaded = searched
            if taken >= searched:
                loaded = searched = yield from moves(taken + 1)
            for _ in range(looks):
                searched = yield from moves(searched + 1)
                found.append((yield from moves(searched + 1)))

    def _look_up(self, found: list[int], entered: list[int], leaving: list[int],
                 o: Wire) -> Process:
        step, moved, ended, behind, passed = -1, -1, -self.groups, 0, 0
        for number, done in enumerate(self._ends()):
            while len(found) <= number:
                yield
            entered.append(max(found[number], moved))
            first = entered[-1] + 1
            step = max(step + 1, ended + self.groups if done else 0)
            while passed < len(leaving) and leaving[passed] <= max(step, first - behind):
                yield from o.taken(passed)
                step = max(step, leaving[passed])
                behind = o.takes[passed] - leaving[passed]
                passed += 1
            step = max(step, first - behind)
            moved = step + behind
            if done:
                ended = step
                leaving.extend(range(step + self.latency, step + self.latency + self.groups))

    def _ends(self) -> list[bool]:
        """Of each look-up whether it is its time step's last."""
        ends = np.zeros(int(self.looks.sum()), bool)
        ends[self.looks.sum(1).cumsum() - 1] = True
        return ends.tolist()

    def _leave(self, leaving: list[int], o: Wire) -> Process:
        behind = 0
        for beat in range(len(self.looks) * self.groups):
            while len(leaving) <= beat:
                yield
            o.offer(leaving[beat] + behind)
            yield from o.taken(beat)
            behind = o.takes[beat] - leaving[beat]
