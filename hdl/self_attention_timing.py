"""When a self-attention engine does what."""

from dataclasses import dataclass

from hdl.layout import Layout
from hdl.wires import Process, Wire

__all__ = ["SelfAttentionTiming"]


PERMIT = 1
"""Cycles to find out whether a token may enter."""


@dataclass(frozen=True)
class SelfAttentionTiming:
    """The parts of an engine at work on so many images; what they hold makes no difference."""

    a: Layout
    out: Layout
    head: int
    depth: int
    images: int

    @property
    def values(self) -> int:
        """Cycles to count a token, and to ask one."""
        return self.out.tensor.steps * self.out.tensor.channels

    def service(self) -> float:
        """Cycles per image of the busiest part, never waiting for anything."""
        return float(max(self.a.image_beats + PERMIT * self.out.tensor.positions,
                         self.out.tensor.positions * self.values))

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire."""
        counted: list[int] = []
        full: list[int] = []
        asked: list[int] = []
        return [self._collect(i, counted, full, asked), self._ask(o, full, asked)]

    def _collect(self, i: Wire, counted: list[int], full: list[int], asked: list[int]) -> Process:
        positions, beats = self.out.tensor.positions, self.a.position_beats
        kept, number, beat, ready = 2 * positions, 0, 0, 0
        for _ in range(self.images):
            for _ in range(positions):
                # Room for the queries, and at an image's start for its counts, comes with the
                # last token of the image before last.
                while number >= kept and len(asked) <= number - kept:
                    yield
                oldest = number - kept
                if number % positions == 0 and oldest >= 0:
                    while len(asked) < number - positions:
                        yield
                    oldest = number - positions - 1
                ready = max(ready, asked[oldest] + 1 if oldest >= 0 else 0) + PERMIT
                for part in range(3):
                    if part == 1 and counted:
                        ready = max(ready, counted[-1] + 1)
                    for _ in range(beats // 3):
                        yield from i.offered(beat)
                        ready = i.take(ready) + 1
                        beat += 1
                counted.append(max(ready, counted[-1] + self.values if counted else 0))
                number += 1
            full.append(counted[-1] + self.values + 4)

    def _ask(self, o: Wire, full: list[int], asked: list[int]) -> Process:
        positions, beats, groups = (self.out.tensor.positions, self.a.position_beats // 3,
                                    self.out.groups)
        number = sent = taken = 0
        done = -1
        for image in range(self.images):
            while len(full) <= image:
                yield
            for _ in range(positions):
                fetched = max(full[image], taken + 1 if number else 0) + beats - 1
                taken = max(fetched + 2, done)
                issued = taken
                for _ in range(self.values // self.head):
                    returned = sent + groups - self.depth - 1
                    yield from o.taken(returned)
                    room = o.takes[returned] + 1 if returned >= 0 else 0
                    issued = max(issued + self.head, room)
                    for beat in range(groups):
                        o.offer(issued + 6 + beat)
                    sent += groups
                done = issued
                asked.append(done)
                number += 1
