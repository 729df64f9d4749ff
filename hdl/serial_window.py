"""How a serial convolution walks over a map: which positions it keeps, and how far it jumps."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import C, Mux, Value

from hdl.arith import table
from hdl.window import Window

__all__ = ["SerialWindow"]


@dataclass(frozen=True)
class SerialWindow:
    """Windows in raster order, each by the position under its first tap, counted over all images.

    That position may lie outside the map, and all positions before it are forgotten.

    Raises ValueError where it would go back: with more padding than windows need to be centred.
    """

    window: Window

    def __post_init__(self):
        if min(self.to_row, self.to_image) < 0:
            raise ValueError(f"A serial convolution of kernel {self.window.kernel} cannot have a "
                             f"padding of {self.window.padding}")

    @property
    def first(self) -> int:
        """Where the first window begins."""
        return -self.window.padding * (self.window.columns + 1)

    @property
    def to_column(self) -> int:
        """From a window to the next in its row."""
        return self.window.stride

    @property
    def to_row(self) -> int:
        """From a row's last window to the next row's first."""
        window = self.window
        return window.stride * (window.columns - window.out_columns + 1)

    @property
    def to_image(self) -> int:
        """From an image's last window to the next image's first."""
        window = self.window
        image = window.rows * window.columns
        last = ((window.out_rows - 1) * window.columns + window.out_columns - 1) * window.stride
        return image - last

    @property
    def largest_jump(self) -> int:
        return max(self.to_column, self.to_row, self.to_image)

    @cached_property
    def positions(self) -> int:
        """Positions that are kept, a power of two: the rows under a window, and the next ones."""
        least = max(self.window.ring_positions, *(reach + 1 for reach, _ in self.reaches))
        return 1 << (least - 1).bit_length()

    @cached_property
    def held(self) -> range:
        """What the count of positions that are kept goes through; below 0, those to be skipped."""
        return range(min(0, *(reach + 1 - jump for reach, jump in self.reaches)),
                     self.positions + 1)

    @cached_property
    def reaches(self) -> tuple[tuple[int, int], ...]:
        """For each window, the last position that it needs and the begin of the next window."""
        window, begin, found = self.window, self.first, []
        for row, column in np.ndindex(window.out_rows, window.out_columns):
            ends = column == window.out_columns - 1, row == window.out_rows - 1
            jump = self.to_image if all(ends) else self.to_row if ends[0] else self.to_column
            found.append((window.need(row, column) - begin, jump))
            begin += jump
        return tuple(found)

    def depth(self, words: int, steps: int) -> int:
        """Of a memory for all that is kept: the fields of an address are whole bits."""
        return self.positions << (words - 1).bit_length() + (steps - 1).bit_length()

    def reach(self, row: Value, column: Value) -> Value:
        """The last position that a window needs, counted from its begin, as logic."""
        window, reaches = self.window, [reach for reach, _ in self.reaches]
        width = window.out_columns
        rows = [reaches[first] - reaches[0] for first in range(0, len(reaches), width)]
        # An image's last window needs all of it, not what its row and column say.
        if width > 1:
            final = (row == window.out_rows - 1) & (column == width - 1)
            return Mux(final, reaches[-1], table(row, rows) + table(column, reaches[:width]))
        return table(row, reaches)

    def outside(self, row: Value, column: Value, tap_row: Value, tap_column: Value) -> Value:
        """Whether a tap lies outside the map, as logic."""
        window = self.window
        if not window.padding:
            return C(0, 1)
        found = C(0, 1)
        for out, tap, size, count in ((row, tap_row, window.rows, window.out_rows),
                                      (column, tap_column, window.columns, window.out_columns)):
            taps = [window.taps(n, size) for n in range(count)]
            found |= ((tap < table(out, [inside.start for inside in taps]))
                      | (tap > table(out, [inside.stop - 1 for inside in taps])))
        return found
