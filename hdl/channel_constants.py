"""Constants of each channel, read beside the beats that need them."""

from dataclasses import dataclass

import numpy as np
from amaranth import *
from amaranth.hdl import Shape
from amaranth.lib import data

from hdl.area import logic, rom
from hdl.arith import pack, wrapping
from hdl.layout import Layout, shape_of
from hdl.memory import Memory
from ir import Budget, Interval

__all__ = ["ChannelConstants"]


@dataclass(frozen=True, eq=False)
class ChannelConstants:
    """The constants that belong to the channels of each beat of a layout.

    Parameters
    ----------
    values : int array ``[kinds, channels]`` or ``[kinds, steps, channels]``
        ``kinds`` constants per channel, the same at all time steps or not.
    a : :class:`Layout`
        Of the beats.
    name : str
        Names the memory contents; unique in a design.
    """

    values: np.ndarray
    a: Layout
    name: str

    @property
    def shape(self) -> Shape:
        """The shape of one constant."""
        return shape_of(Interval(int(self.values.min()), int(self.values.max())))

    @property
    def by_step(self) -> np.ndarray:
        """The constants as ``[kinds, steps, channels]``, one step where all have the same."""
        return self.values if self.values.ndim == 3 else self.values[:, None]

    @property
    def width(self) -> int:
        """Bits of a word: the constants of a beat."""
        return self.shape.width * len(self.values) * self.a.lanes

    @property
    def words(self) -> list[int]:
        """The memory: a word per block, time step where it matters, and group."""
        _, steps, channels = self.by_step.shape
        return [pack(self.by_step[:, step, first:first + self.a.lanes].T.flat, self.shape.width)
                for block in range(0, channels, self.a.block) for step in range(steps)
                for first in range(block, block + self.a.block, self.a.lanes)]

    def area(self) -> Budget:
        """Estimated resources; of words that are all alike, what reads them becomes smaller."""
        words = self.words
        return rom(self.width, len(words)) if len(set(words)) > 1 else logic(0)

    def read(self, m: Module, step: Value, taken: Value) -> Value | list[list[int]]:
        """Of each lane its constants, for the beat of two steps before; numbers where every beat
        has the same.

        Nothing moves without ``step``; ``taken`` names the beats, and is never high without it.
        """
        words, groups = self.words, self.a.groups
        if len(words) == 1:
            return self.by_step[:, 0].T.tolist()
        m.submodules.constants = memory = Memory(width=self.width, depth=len(words),
                                                 name=self.name, contents=words)
        # Where time steps share their constants, a block's words come again for each of them.
        again = self.a.tensor.steps if self.by_step.shape[1] == 1 else 1
        run = groups if again > 1 else len(words)
        first, word = Signal(range(max(2, len(words)))), Signal(range(run))
        turn = Signal(range(again))
        with m.If(taken):
            m.d.sync += word.eq(wrapping(word, run))
            if again > 1:
                with m.If(word == run - 1):
                    m.d.sync += turn.eq(wrapping(turn, again))
                    with m.If(turn == again - 1):
                        m.d.sync += first.eq(Mux(first == len(words) - groups, 0, first + groups))
        lane = data.ArrayLayout(self.shape, len(self.values))
        found = Signal(data.ArrayLayout(lane, self.a.lanes), reset_less=True)
        m.d.comb += [memory.read_en.eq(step), memory.read_addr.eq(first + word)]
        with m.If(step):
            m.d.sync += found.eq(memory.read_data)
        return found
