"""When a convolution engine does what, for given data."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hdl.layout import Layout
from hdl.spike_adder import SpikeAdder
from hdl.window import Window
from hdl.window_load import WindowLoad
from hdl.wires import Process, Wire
from hdl.word_reader import WordReader
from ir.ops import Conv

__all__ = ["ConvTiming"]

FILLED = 2
"""Cycles from a position's last beat to its being readable."""

CHOSEN = 4
"""Cycles from there to the first address of its window."""

WINDOW = 2
"""Cycles from one window's first address to the next one's, at least."""

RELEASED = 1
"""Cycles from the search's taking the last word of rows to their release."""

LISTED = 3
"""Cycles from a window's last one to its lists being whole."""

BEGUN = 2
"""Cycles from there to the first event of the replay."""

NEVER = -(1 << 50)
"""Before everything: the time of what nothing waits for."""


@dataclass(frozen=True, eq=False)
class ConvTiming:
    """The three parts of an engine at work on ``images``, ``[N, T, C, H, W]``.

    A part's figures come from the events in the data; the parts hand positions, lists and beats
    to each other as the hardware does.
    """

    op: Conv
    a: Layout
    out: Layout
    scan: int
    images: np.ndarray

    @cached_property
    def load(self) -> WindowLoad:
        return WindowLoad(self.op, self.a.tensor, self.scan, self.images)

    @property
    def window(self) -> Window:
        return self.load.window

    @cached_property
    def _reading(self) -> int:
        return WordReader.latency(self.a, self.window, self.scan)

    def service(self) -> float:
        """Cycles per image that the engine needs for itself, never waiting for another.

        The longest ways through an image's events from one image's last release of rows to the
        next one's, and from last replay to last replay. Laid end to end they are ways through any
        run of the engine, and no run is shorter than a way through it: the mean is a lower bound
        of cycles per image. It lacks only what an image's last windows do to the next one's first.
        """
        from_release, from_replay = self._ways().mean(1)
        return float(max(from_release, from_replay, self.a.image_beats))

    def _ways(self) -> np.ndarray:
        """The length of each image's longest ways, ``[2, N]``: from release and from replay.

        Finds and replays wait for each other as in :meth:`processes`, all images at once, each
        with nothing known of the one before but when its last release (or replay) was: at 0.
        """
        window, images = self.window, len(self.images)
        never = np.full((2, images), NEVER)
        from_release, from_replay = never.copy(), never.copy()
        from_release[0] = from_replay[1] = 0
        find = self.load.search.reshape(images, -1).T
        add, lead = (cycles.reshape(images, -1).T for cycles in self._adds())
        spacing = np.maximum(self.load.words, WINDOW).tolist()
        # A word is taken at least a cycle before its end.
        done, issued, before, replayed = from_release + 1 - RELEASED, never, never, from_replay
        kept = window.released_rows(window.out_rows - 1)
        released = [never] * (window.rows - kept) + [from_release] * kept
        started: list[np.ndarray] = []
        row_beats, arrived = window.columns * self.a.position_beats, never
        forgotten = from_release
        for number, (row, column) in enumerate(np.ndindex(window.out_rows, window.out_columns)):
            need_row, need_column = divmod(window.need(row, column), window.columns)
            while len(started) <= need_row:
                place = window.rows + len(started) - window.ring_rows
                free = released[place] if place >= 0 else never
                started.append(np.maximum(arrived, free) + 1)
                arrived = started[-1] + (row_beats - 1)
            filled = started[need_row] + ((need_column + 1) * self.a.position_beats - 1 + FILLED)
            issue = np.maximum(filled + CHOSEN, issued)
            begin = np.maximum(np.maximum(issue + self._reading, done), before + 1)
            issued, done = issue + spacing[number], begin + find[number]
            before, replayed = replayed, np.maximum(
                replayed + add[number], done + (LISTED + BEGUN - 1) + lead[number])
            if column == window.out_columns - 1:
                forgotten = done - self.load.last_words[:, row] + RELEASED
                released += [forgotten] * window.released_rows(row)
        return np.stack([forgotten[0], replayed[1]])

    def _adds(self) -> tuple[np.ndarray, np.ndarray]:
        """Cycles of each window's replay, after another one and after a wait: ``[windows]``."""
        replay = self.load.replay
        after = np.maximum(replay, self.out.groups).sum(1) * self.out.blocks
        return after, after - np.maximum(self.out.groups - replay[:, 0], 0)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The engine between its input and its output wire."""
        filled: list[int] = []
        released: list[int] = []
        listed: list[int] = []
        replayed: list[int] = []
        return [self._collect(i, filled, released),
                self._find(filled, released, listed, replayed),
                self._add(listed, replayed, o)]

    def _collect(self, i: Wire, filled: list[int], released: list[int]) -> Process:
        room = self.window.ring_positions
        beats, last = self.a.position_beats, -1
        for position in range(len(self.images) * self.window.rows * self.window.columns):
            while position >= room and len(released) <= position - room:
                yield
            free = released[position - room] + 1 if position >= room else 0
            for beat in range(beats):
                yield from i.offered(position * beats + beat)
                last = i.take(max(last + 1, free))
            filled.append(last + FILLED)

    def _find(self, filled: list[int], released: list[int], listed: list[int],
              replayed: list[int]) -> Process:
        window = self.window
        cycles, count = self.load.search.tolist(), self.load.words.tolist()
        last_word = self.load.last_words.ravel().tolist()
        image = window.rows * window.columns
        done = issued = number = rows_done = 0
        for start in range(0, len(self.images) * image, image):
            for row in range(window.out_rows):
                for column in range(window.out_columns):
                    need = start + window.need(row, column)
                    while len(filled) <= need:
                        yield
                    while number >= 2 and len(replayed) <= number - 2:
                        yield
                    issue = max(filled[need] + CHOSEN, issued)
                    free = replayed[number - 2] + 1 if number >= 2 else 0
                    begin = max(issue + self._reading, done, free)
                    issued = issue + max(WINDOW, count[number % len(count)])
                    done = begin + cycles[number]
                    listed.append(done + LISTED)
                    number += 1
                rows = window.released_rows(row)
                forgotten = done - last_word[rows_done] + RELEASED
                rows_done += 1
                released.extend([forgotten] * (rows * window.columns))

    def _add(self, listed: list[int], replayed: list[int], o: Wire) -> Process:
        drain, adder = self.out.groups, SpikeAdder
        depth, latency = adder.buffer_depth(self.out), adder.latency(self.load.planes, self.out)
        issued, spaced, beats = -1, 0, 0
        for number, sums in enumerate(self.load.replay.tolist()):
            while len(listed) <= number:
                yield
            ready = listed[number] + BEGUN
            for _ in range(self.out.blocks):
                for tokens in sums:
                    last = max(issued + 1, ready) + tokens - 1
                    returned = beats + drain - depth - 1
                    yield from o.taken(returned)
                    room = o.takes[returned] + 3 if returned >= 0 else 0
                    issued = max(last, spaced, room)
                    spaced, beats = issued + drain, beats + drain
                    for beat in range(drain):
                        o.offer(issued + latency + beat)
            replayed.append(issued)
