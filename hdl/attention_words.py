"""Writes what an attention is given, beat by beat, as words of a token, a head and a time step."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic
from hdl.arith import table, wrapping
from ir import Budget

__all__ = ["AttentionWords", "Runs"]


@dataclass(frozen=True)
class Runs:
    """Beats of a token that hold one of query, key or value: runs of them, each of whole words.

    Parameters
    ----------
    beats : sequence of (int, int)
        Time step and first channel, counted from that of the first head.
    width : int
        Channels of a head, which the lanes of a beat divide.
    lanes : int
    """

    beats: tuple[tuple[int, int], ...]
    width: int
    lanes: int

    @cached_property
    def length(self) -> int:
        """Beats of a run: the fewest that are whole words, and alike all through the token."""
        count = len(self.beats)
        return next(length for length in range(1, count + 1)
                    if count % length == 0 and self._alike(length))

    @property
    def words(self) -> int:
        """Words of a run. A beat is part of one, so there are no more than beats."""
        return self.length * self.lanes // self.width

    @cached_property
    def order(self) -> tuple[tuple[int, int], ...]:
        """Head and time step of each of a token's words, as they begin."""
        return tuple(dict.fromkeys((first // self.width, step) for step, first in self.beats))

    @cached_property
    def slots(self) -> tuple[tuple[int, ...], ...]:
        """The beats of each word of a run, rising by their channels."""
        run = self._run(0, self.length)
        return tuple(tuple(beat for _, beat in sorted(
            (place, beat) for beat, (word, place) in enumerate(run) if word == number))
            for number in range(self.words))

    def _run(self, start: int, length: int) -> list[tuple[int, int]]:
        """For each beat of a run, its word, as they begin, and its place in it."""
        beats = self.beats[start:start + length]
        words = list(dict.fromkeys((first // self.width, step) for step, first in beats))
        return [(words.index((first // self.width, step)), first % self.width)
                for step, first in beats]

    def _alike(self, length: int) -> bool:
        runs = [self._run(start, length) for start in range(0, len(self.beats), length)]
        whole = len({word for word, _ in runs[0]}) * self.width == length * self.lanes
        return whole and all(run == runs[0] for run in runs)


class AttentionWords(wiring.Component):
    """Gathers a run of beats and writes its words, while the next run comes in.

    The words of two images lie one image behind the other.

    Timing
    ------
    A run's first word is written in the cycle after its last beat, the others follow. Beats may
    come in every cycle: one never touches a word before that is written.

    Parameters
    ----------
    runs : :class:`Runs`
    steps, tokens : int
    far, near : int
        What lies between the addresses of two tokens, and of two words of a token in the order of
        heads, and of time steps within.

    Members
    -------
    taken, beat
        A beat that is taken in.
    write_en, write_addr, write_data
        To the memory.
    """

    images = 2

    def __init__(self, runs: Runs, *, steps: int, tokens: int, far: int, near: int):
        self.runs, self.tokens, self.far = runs, tokens, far
        self.places: Sequence[int] = [near * (head * steps + step) for head, step in runs.order]
        self.size = tokens * len(runs.order)
        super().__init__({
            "taken": In(1), "beat": In(runs.lanes), "write_en": Out(1),
            "write_addr": Out(range(self.images * self.size)), "write_data": Out(runs.width)})

    def area(self) -> Budget:
        """Estimated resources."""
        runs, address = self.runs, len(self.write_addr)
        return logic(runs.length + 2 * runs.width * (runs.words - 1) + 4 * address + 10,
                     runs.length * runs.lanes + address + 3 * len(self.places).bit_length())

    def elaborate(self, platform):
        m = Module()
        runs, count = self.runs, len(self.places)
        place, word, number = (Signal(range(size)) for size in (runs.length, runs.words, count))
        slots = [Signal(runs.lanes, name=f"beat_{n}") for n in range(runs.length)]
        with m.If(self.write_en):
            m.d.sync += [word.eq(wrapping(word, runs.words)), number.eq(wrapping(number, count))]
            with m.If(word == runs.words - 1):
                m.d.sync += self.write_en.eq(0)
        with m.If(self.taken):
            m.d.sync += place.eq(wrapping(place, runs.length))
            for n, slot in enumerate(slots):
                with m.If(place == n):
                    m.d.sync += slot.eq(self.beat)
            with m.If(place == runs.length - 1):
                m.d.sync += self.write_en.eq(1)
        words = Cat(Cat(slots[n] for n in each) for each in runs.slots)
        m.d.comb += self.write_data.eq(words.word_select(word, runs.width))
        self._address(m, number)
        return m

    def _address(self, m, number):
        start = Signal.like(self.write_addr)
        m.d.comb += self.write_addr.eq(start + table(number, self.places))
        last = (self.tokens - 1) * self.far
        with m.If(self.write_en & (number == len(self.places) - 1)):
            m.d.sync += start.eq(start + self.far)
            for image in range(self.images):
                with m.If(start == image * self.size + last):
                    m.d.sync += start.eq((image + 1) % self.images * self.size)
