"""All values of a window at once, a new window with every position."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic, ram
from hdl.arith import counter, table
from hdl.layout import shape_of
from hdl.memory import Memory
from hdl.window import Window
from ir import Budget
from ir.tensors import TensorType

__all__ = ["SlidingWindow"]

SHORT_ROW = 16
"""Words of a row up to which rows are kept in flip-flops."""


class SlidingWindow(wiring.Component):
    """Keeps the last rows of a map and shows the window that ends at each position.

    Windows come in raster order. One that reaches over the right or the lower border ends where
    its last tap would be if rows followed each other without a gap; behind the map, nothing is
    taken in until the last of them has ended.

    Timing
    ------
    A word per step; a window is shown :attr:`latency` steps after its last word. Nothing moves
    without ``step``.

    Parameters
    ----------
    tensor : :class:`TensorType`
        The map. Its time steps follow each other at each position, all channels in a word.
    window : :class:`Window`
        Padding must be less than half a kernel; a ValueError says so.
    pad_value : int
        What taps outside the map are.

    Members
    -------
    step
        Everything moves.
    takes
        Whether a word is taken with this step, if there is one.
    valid, word
        A word is there.
    full, taps
        A window is shown: ``[channel, row, column]`` of its taps, flat.
    """

    def __init__(self, tensor: TensorType, window: Window, pad_value: int):
        if 2 * window.padding >= window.kernel:
            raise ValueError(f"A sliding window of {window.kernel} positions takes a padding "
                             f"below half of that, not {window.padding}")
        self.tensor, self.window, self.pad_value = tensor, window, pad_value
        channel = shape_of(tensor.interval)
        super().__init__({
            "step": In(1), "takes": Out(1), "valid": In(1),
            "word": In(data.ArrayLayout(channel, tensor.channels)),
            "full": Out(1),
            "taps": Out(data.ArrayLayout(channel, tensor.channels * window.kernel**2)),
        })

    @property
    def row_words(self) -> int:
        """Words of a row."""
        return self.window.columns * self.tensor.steps

    @property
    def in_memory(self) -> bool:
        """Whether rows are kept in a memory."""
        return self.window.kernel > 1 and self.row_words > SHORT_ROW

    @property
    def latency(self) -> int:
        """Steps from a window's last word to the window."""
        return 3 if self.in_memory else 1 if self.window.kernel == 1 else 2

    @property
    def ends(self) -> dict[int, tuple[int, int]]:
        """The window that ends at each position, if one does: its row and column."""
        window = self.window
        reach = window.kernel - 1 - window.padding
        return {(row * window.stride + reach) * window.columns + column * window.stride + reach:
                (row, column)
                for row in range(window.out_rows) for column in range(window.out_columns)}

    @property
    def positions(self) -> int:
        """Positions of an image, and those behind it that windows end at."""
        return max(self.window.rows * self.window.columns, max(self.ends) + 1)

    def area(self) -> Budget:
        """Estimated resources."""
        window, word = self.window, self.tensor.channels * self.tensor.interval.bits
        taps = word * window.kernel**2
        need = logic(40 + 2 * window.kernel, 30 + taps)
        if window.kernel == 1:
            return need
        columns = (window.kernel - 1) * self.tensor.steps
        if not self.in_memory:
            return need + logic(0, word * ((window.kernel - 1) * self.row_words + columns + 1))
        return (need + logic(20, word * (window.kernel + 1 + window.kernel * columns))
                + ram(word * (window.kernel - 1), self.row_words))

    def elaborate(self, platform):
        m = Module()
        kernel = self.window.kernel
        offered, moves = Signal(), Signal()
        m.d.comb += [offered.eq(self.valid | ~self.takes), moves.eq(self.step & offered)]
        address = Signal(range(self.row_words))
        ends, outside = self._walk(m, moves, address)
        there, ends, outside = (self._later(m, value, self.latency - 1)
                                for value in (offered, ends, outside))
        taps = self._rows(m, moves, there, address) if kernel > 1 else [[self.word]]
        with m.If(self.step):
            m.d.sync += self.full.eq(there & ends)
        channels, pad = self.tensor.channels, C(self.pad_value, self.word.shape().elem_shape)
        for n in range(channels * kernel**2):
            channel, row, column = n // kernel**2, n // kernel % kernel, n % kernel
            value = taps[row][column][channel]
            with m.If(self.step):
                m.d.sync += self.taps[n].eq(
                    Mux(outside[row] | outside[kernel + column], pad, value))
        return m

    def _later(self, m, value, steps):
        late = Value.cast(value)
        for _ in range(steps):
            before, late = late, Signal(len(late), name="later")
            with m.If(self.step):
                m.d.sync += late.eq(before)
        return late

    def _walk(self, m, moves, address):
        """Whether a window ends at a position, and which of its rows and columns are outside;
        ``address`` counts the words of a row."""
        window, kernel = self.window, self.window.kernel
        columns, reach = window.columns, kernel - 1 - window.padding
        _, step_ends = counter(m, self.tensor.steps, moves, "step")
        row, column = Signal(range(-(-self.positions // columns))), Signal(range(columns))
        last = Signal(init=self.positions == 1)
        begins_row, final = column == columns - 1, self.positions - 1
        m.d.comb += self.takes.eq(1)
        position_done = moves & step_ends
        with m.If(moves):
            m.d.sync += address.eq(Mux(step_ends & (begins_row | last), 0, address + 1))
        with m.If(position_done):
            m.d.sync += [column.eq(Mux(begins_row | last, 0, column + 1)),
                         last.eq((row == (final - 1) // columns)
                                 & (column == (final - 1) % columns) if final else 1)]
            with m.If(begins_row | last):
                m.d.sync += row.eq(Mux(last, 0, row + 1))
        if self.positions > window.rows * columns:
            behind = Signal()
            with m.If(position_done):
                border = (row == window.rows - 1) & begins_row
                m.d.sync += behind.eq((behind | border) & ~last)
            m.d.comb += self.takes.eq(~behind)

        # Where a window's row and column would end it, with rows one after the other.
        over = max(0, (window.out_columns - 1) * window.stride + reach - (columns - 1))
        wraps = column < over if over else C(0)
        rows = [n for n in range(-(-self.positions // columns))]
        at = {y * window.stride + reach: y for y in range(window.out_rows)}
        across = {(x * window.stride + reach) % columns: x for x in range(window.out_columns)}

        def outside(starts, size, tap):
            return [int(start is not None and not 0 <= start + tap < size) for start in starts]

        begins = [at[n] * window.stride - window.padding if n in at else None for n in rows]
        left = [across[n] * window.stride - window.padding if n in across else None
                for n in range(columns)]
        ends_row = table(row, [int(n in at) for n in rows])
        tops = [table(row, outside(begins, window.rows, tap)) for tap in range(kernel)]
        if over:
            ends_row = Mux(wraps, table(row, [int(n - 1 in at) for n in rows]), ends_row)
            before = [None, *begins[:-1]]
            tops = [Mux(wraps, table(row, outside(before, window.rows, tap)), top)
                    for tap, top in enumerate(tops)]
        ends = ends_row & table(column, [int(n in across) for n in range(columns)])
        sides = [table(column, outside(left, columns, tap)) for tap in range(kernel)]
        flags = Signal(2 * kernel)
        m.d.comb += flags.eq(Cat(Value.cast(v).any() for v in (*tops, *sides)))
        return ends, flags

    def _rows(self, m, moves, there, address):
        """The taps of the window that ends at the newest word, row by row."""
        kernel, steps = self.window.kernel, self.tensor.steps
        if not self.in_memory:
            kept = self._chain(m, self.word, moves, (kernel - 1) * (self.row_words + steps) + 1)
            return [[kept[(kernel - 1 - r) * self.row_words + (kernel - 1 - c) * steps]
                     for c in range(kernel)] for r in range(kernel)]
        rows = self._column(m, there, address)
        chains = []
        for row in rows:
            chain = self._chain(m, row, self.step & there, (kernel - 1) * steps)
            chains.append([row, *chain])
        return [[chain[(kernel - 1 - c) * steps] for c in range(kernel)] for chain in chains]

    def _chain(self, m, word, moves, length):
        """The last words, the newest first."""
        found = []
        for n in range(length):
            register = Signal(self.word.shape(), name=f"kept_{n}", reset_less=True)
            with m.If(moves):
                m.d.sync += register.eq(found[-1] if found else word)
            found.append(register)
        return found

    def _column(self, m, there, address):
        """The words at the newest column, of all rows of the window, two steps later."""
        kernel, width = self.window.kernel, len(self.word.as_value())
        m.submodules.memory = memory = Memory(width=(kernel - 1) * width, depth=self.row_words)
        word, column = Signal(width, reset_less=True), Signal(kernel * width, reset_less=True)
        m.d.comb += [
            memory.read_en.eq(self.step), memory.read_addr.eq(address),
            memory.write_addr.eq(self._later(m, address, 2)),
            memory.write_data.eq(column[width:]),
            memory.write_en.eq(self.step & there),
        ]
        with m.If(self.step):
            m.d.sync += [word.eq(self.word), column.eq(Cat(memory.read_data, word))]
        return [data.View(self.word.shape(), column[n * width:(n + 1) * width])
                for n in range(kernel)]
