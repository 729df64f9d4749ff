"""When a constant-folded convolution does what; what the images hold makes no difference."""

from dataclasses import dataclass

from hdl.layout import Layout
from hdl.steps import Steps
from hdl.window import Window
from hdl.wires import Process, Wire

__all__ = ["FoldedConvTiming"]


@dataclass(frozen=True, kw_only=True)
class FoldedConvTiming:
    """The engine at work on so many images.

    Parameters
    ----------
    a, out : :class:`Layout`
    window : :class:`Window`
    ends : frozenset of int
        The positions at which windows end.
    positions : int
        Of the walk through an image, those behind it included.
    latency : int
        Steps from a window's last beat to its sums.
    """

    a: Layout
    out: Layout
    window: Window
    ends: frozenset[int]
    positions: int
    latency: int
    images: int

    @property
    def _inside(self) -> int:
        return self.window.rows * self.window.columns

    @property
    def _splits(self) -> int:
        return self.out.tensor.channels // self.out.lanes

    @property
    def _joins(self) -> int:
        return self.a.tensor.channels // self.a.lanes

    def service(self) -> float:
        """Cycles per image, never waiting for anything: from window to window as many as there are
        beats in, or the beats out of the one before if those are more."""
        spaces, since = [], 0
        for position in range(self.positions):
            for _ in range(self.a.tensor.steps):
                since += self._joins if position < self._inside else 1
                if position in self.ends:
                    spaces.append(since)
                    since = 0
        spaces[0] += since
        return float(sum(max(space, self._splits) for space in spaces))

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire."""
        sums = o if self._splits == 1 else Wire()
        words = self.images * len(self.ends) * self.a.tensor.steps
        steps = Steps(sums, self.latency)
        parts = [self._take(i, steps), steps.leave(words)]
        return parts if sums is o else [*parts, self._split(sums, o, words)]

    def _take(self, i: Wire, steps: Steps) -> Process:
        ready = beat = 0
        for _ in range(self.images):
            for position in range(self.positions):
                for _ in range(self.a.tensor.steps):
                    step = ready
                    for _ in range(self._joins if position < self._inside else 0):
                        yield from i.offered(beat)
                        step, cycle = yield from steps.enter(ready, i.offers[beat])
                        i.take(cycle)
                        beat, ready = beat + 1, step + 1
                    if position >= self._inside:
                        ready += 1
                    if position in self.ends:
                        steps.entered.append(step)

    def _split(self, sums: Wire, o: Wire, words: int) -> Process:
        for word in range(words):
            yield from sums.offered(word)
            yield from o.taken(word * self._splits - 1)
            o.offer(sums.take(o.takes[-1] if word else 0) + 1)
            for beat in range(word * self._splits, (word + 1) * self._splits - 1):
                yield from o.taken(beat)
                o.offer(o.takes[-1] + 1)
