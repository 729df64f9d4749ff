"""When a constant-folded convolution does what; what the images hold makes no difference."""

from dataclasses import dataclass, replace

from hdl.layout import Layout
from hdl.relay import Relay
from hdl.steps import Steps
from hdl.window import Window
from hdl.wires import Process, Wire, buffer, play

__all__ = ["FoldedConvTiming", "RowsTiming"]

SETTLED = 4
"""Images after which cycles per image stay what they are."""


def _alone(engine: "FoldedConvTiming | RowsTiming") -> float:
    """Cycles from an image's last beat to the next one's, where beats come and leave at once."""
    i, o = Wire(), Wire()
    beats = engine.out.image_beats
    i.offers.extend(range(SETTLED * engine.a.image_beats))

    def sink() -> Process:
        for beat in range(SETTLED * beats):
            yield from o.offered(beat)
            o.take(0)

    play([*replace(engine, images=SETTLED).processes(i, o), sink()], [i, o])
    return float(o.takes[-1] - o.takes[-1 - beats])


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
    holds : bool
        Whether sums are held behind the pipeline.
    """

    a: Layout
    out: Layout
    window: Window
    ends: frozenset[int]
    positions: int
    latency: int
    holds: bool
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
        """Cycles per image, never waiting for anything: of one after others."""
        return _alone(self)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire."""
        sums, come = Wire(), Wire()
        words = self.images * len(self.ends) * self.a.tensor.steps
        steps = Steps(sums, self.latency)
        return [buffer(i, come, self.images * self.a.image_beats, Relay.DEPTH, Relay.LATENCY),
                self._take(come, steps), steps.leave(words),
                *_leave(sums, o, words, self._splits, self.holds)]

    def _take(self, i: Wire, steps: Steps) -> Process:
        ready = free = 0
        for _ in range(self.images):
            for position in range(self.positions):
                for _ in range(self.a.tensor.steps):
                    come = 0
                    if position < self._inside:
                        for _ in range(self._joins - 1):
                            yield from i.offered(len(i.takes))
                            free = i.take(free) + 1
                        yield from i.offered(len(i.takes))
                        come = max(free, i.offers[len(i.takes)])
                    step, cycle = yield from steps.enter(ready, come)
                    if position < self._inside:
                        i.take(cycle)
                    ready, free = step + 1, cycle + 1
                    if position in self.ends:
                        steps.entered.append(step)


def _leave(sums: Wire, o: Wire, words: int, splits: int, holds: bool) -> list[Process]:
    """Hold each of ``words``, and send it in so many beats while the next one is held."""
    if not holds:
        return [buffer(sums, o, words, Relay.DEPTH, Relay.LATENCY)]
    if splits == 1:
        return [buffer(sums, o, words, 1, 1)]
    held, sent = Wire(), Wire()
    return [buffer(sums, held, words, 1, 1), _send(held, sent, words, splits),
            buffer(sent, o, words * splits, Relay.DEPTH, Relay.LATENCY)]


def _send(held: Wire, o: Wire, words: int, splits: int) -> Process:
    for word in range(words):
        yield from held.offered(word)
        yield from o.taken(word * splits - 1)
        o.offer(held.take(o.takes[-1] if word else 0) + 1)
        for beat in range(word * splits, (word + 1) * splits - 1):
            yield from o.taken(beat)
            o.offer(o.takes[-1] + 1)


@dataclass(frozen=True, kw_only=True)
class RowsTiming:
    """The engine on images of many pixels a beat, see :class:`hdl.row_windows.RowWindows`.

    Parameters
    ----------
    a, out : :class:`Layout`
    row_beats, rows : int
        Beats of a row, and rows that are walked; those below the image take no beats.
    ends : frozenset of int
        The rows with which windows are complete.
    latency : int
        Steps from a copy's being free to its first sums.
    spare : bool
        Whether a copy of the rows waits for the one that is shifted.
    holds : bool
        Whether sums are held behind the pipeline.
    """

    a: Layout
    out: Layout
    spare: bool
    row_beats: int
    rows: int
    ends: frozenset[int]
    latency: int
    holds: bool
    images: int

    @property
    def _splits(self) -> int:
        return self.out.tensor.channels // self.out.lanes

    def service(self) -> float:
        """Cycles per image, never waiting for anything: of one after others."""
        return _alone(self)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire."""
        sums = Wire()
        words = self.images * self.out.tensor.positions
        steps = Steps(sums, self.latency)
        filled: list[int] = []
        copied: list[int] = []
        rest = [steps.leave(words), *_leave(sums, o, words, self._splits, self.holds)]
        if not self.spare:
            return [self._take(i, filled, copied), self._copy(steps, filled, copied), *rest]
        gone: list[int] = []
        there: list[int] = []
        return [self._take(i, filled, gone), self._wait(filled, gone, there, copied),
                self._copy(steps, there, copied), *rest]

    def _wait(self, filled: list[int], gone: list[int], there: list[int],
              copied: list[int]) -> Process:
        for number in range(self.images * len(self.ends)):
            while len(filled) <= number or len(copied) < number:
                yield
            gone.append(max(filled[number], copied[number - 1] + 1 if number else 0))
            there.append(gone[-1] + 1)

    def _take(self, i: Wire, filled: list[int], copied: list[int]) -> Process:
        beat, now = 0, -1
        for _ in range(self.images):
            for row in range(self.rows):
                inside = row < self.a.tensor.height
                for left in reversed(range(self.row_beats if inside else 1)):
                    if not left:
                        while len(copied) < len(filled):
                            yield
                    free = copied[-1] if copied and not left else 0
                    now = max(now + 1, free)
                    if inside:
                        yield from i.offered(beat)
                        now = i.take(now)
                        beat += 1
                if row in self.ends:
                    filled.append(now + 1)

    def _copy(self, steps: Steps, filled: list[int], copied: list[int]) -> Process:
        ready, windows = 0, self.out.tensor.width
        for number in range(self.images * len(self.ends)):
            while len(filled) <= number:
                yield
            step, cycle = yield from steps.enter(ready, filled[number])
            copied.append(cycle)
            steps.entered.extend(range(step, step + windows))
            ready = step + windows
