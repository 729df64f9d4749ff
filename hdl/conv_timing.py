"""When a convolution engine does what, for given data."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hdl.layout import Layout
from hdl.spike_adder import SpikeAdder
from hdl.window import Window
from hdl.wires import Process, Wire
from hdl.word_reader import WordReader
from ir.ops import Conv

__all__ = ["ConvTiming"]

FILLED = 2
"""Cycles from a position's last beat to its being readable."""

CHOSEN = 3
"""Cycles from there to the first address of its window."""

WINDOW = 2
"""Cycles from one window's first address to the next one's, at least."""

LISTED = 2
"""Cycles from a window's last one to its lists being whole."""

BEGUN = 2
"""Cycles from there to the first event of the replay."""


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
    def window(self) -> Window:
        return Window.of(self.op, self.a.tensor)

    @cached_property
    def _taps(self) -> np.ndarray:
        """What each window reads: ``[windows, T, taps, C]``, with -1 outside the map."""
        count, steps, channels = self.images.shape[:3]
        window = self.window
        maps = self.images.reshape(count, steps, channels, window.rows, window.columns)
        edge = self.op.pad_value if self.op.pad_value else -1
        pad = ((0, 0),) * 3 + ((window.padding, window.padding),) * 2
        maps = np.pad(maps.astype(np.int64), pad, constant_values=edge)
        views = np.lib.stride_tricks.sliding_window_view(
            maps, (window.kernel, window.kernel), axis=(3, 4))
        views = views[:, :, :, ::window.stride, ::window.stride]
        # [N, T, C, Y, X, K, K] to windows of all images in a row
        return views.transpose(0, 3, 4, 1, 5, 6, 2).reshape(
            -1, steps, window.kernel**2, channels)

    @cached_property
    def words(self) -> np.ndarray:
        """Cycles of each word in the search, ``[windows, words]``; 0 where there is none."""
        taps = self._taps
        ones = np.bitwise_count(np.maximum(taps, 0)).reshape(*taps.shape[:3], -1, self.scan)
        cost = np.maximum(ones.sum(-1), 1)
        cost[taps[..., ::self.scan] < 0] = 0
        return cost.reshape(len(taps), -1)

    @cached_property
    def sums(self) -> np.ndarray:
        """Tokens of each window and time step in the replay, ``[windows, T]``."""
        taps, planes = np.maximum(self._taps, 0), self.a.tensor.interval.bits
        events = [(taps >> plane & 1).sum((2, 3)) for plane in range(planes)]
        return np.maximum(events, 1).sum(0)

    def service(self) -> float:
        """Cycles per image of the busiest part, never waiting for anything."""
        images = len(self.images)
        find = self.words.sum() / images
        add = np.maximum(self.sums, self.out.groups).sum() * self.out.blocks / images
        return float(max(find, add, self.a.image_beats))

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
        cycles, count = self.words.sum(1).tolist(), (self.words > 0).sum(1).tolist()
        last_word = [row[row > 0][-1] for row in self.words]
        image = window.rows * window.columns
        done = issued = number = 0
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
                    begin = max(issue + WordReader.LATENCY, done, free)
                    issued = issue + max(WINDOW, count[number])
                    done = begin + cycles[number]
                    listed.append(done + LISTED)
                    number += 1
                rows = window.released_rows(row)
                forgotten = done - int(last_word[number - 1])
                released.extend([forgotten] * (rows * window.columns))

    def _add(self, listed: list[int], replayed: list[int], o: Wire) -> Process:
        drain, adder = self.out.groups, SpikeAdder
        depth = adder.buffer_depth(self.out)
        issued, spaced, beats = -1, 0, 0
        for number, sums in enumerate(self.sums.tolist()):
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
                        o.offer(issued + adder.LATENCY + beat)
            replayed.append(issued)
