"""Which input positions a window needs, and when they can be forgotten."""

from dataclasses import dataclass

from ir.ops import Conv, DepthwiseConv, MaxPool, SumPool
from ir.tensors import TensorType

__all__ = ["Window"]

COLUMN_ROWS = 2
"""Rows that a map of a single column keeps on top."""


@dataclass(frozen=True)
class Window:
    """A kernel that moves over a map of ``rows`` x ``columns`` positions in raster order."""

    rows: int
    columns: int
    kernel: int
    stride: int
    padding: int

    @classmethod
    def of(cls, op: Conv | DepthwiseConv | MaxPool | SumPool, a: TensorType) -> "Window":
        """The window of ``op`` over ``a``; a pointwise one sees its map as a single column."""
        if op.kernel == 1 and op.stride == 1:
            return cls(a.positions, 1, 1, 1, 0)
        return cls(a.height, a.width, op.kernel, op.stride, op.padding)

    @property
    def out_rows(self) -> int:
        return (self.rows + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def out_columns(self) -> int:
        return (self.columns + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def ring_rows(self) -> int:
        """Rows that are kept: those under the window, those that its next row adds, the next image
        if it has none, and more of a single column, where the next window would wait for its row
        to come."""
        adds = self.stride if self.out_rows > 1 else max(self.stride, self.rows)
        return self.kernel + adds + (COLUMN_ROWS if self.columns == 1 else 0)

    @property
    def ring_positions(self) -> int:
        return self.ring_rows * self.columns

    def taps(self, out: int, size: int) -> range:
        """The kernel's rows (or columns) that lie inside a map of ``size`` at output ``out``."""
        start = out * self.stride - self.padding
        return range(max(0, -start), min(self.kernel, size - start))

    def need(self, out_row: int, out_column: int) -> int:
        """The last input position that must be there, and at the last window the whole image."""
        if out_row == self.out_rows - 1 and out_column == self.out_columns - 1:
            return self.rows * self.columns - 1
        last = [min(size - 1, out * self.stride - self.padding + self.kernel - 1)
                for out, size in ((out_row, self.rows), (out_column, self.columns))]
        return last[0] * self.columns + last[1]

    def released_rows(self, out_row: int) -> int:
        """How many rows are forgotten after output row ``out_row``, on top of those before."""
        def lowest(row: int) -> int:
            if row == self.out_rows:
                return self.rows
            return min(self.rows, max(0, row * self.stride - self.padding))
        return lowest(out_row + 1) - lowest(out_row)
