"""All values of a window at once, of an image that comes many pixels to a beat."""

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import logic
from hdl.arith import counter, table
from hdl.layout import Layout
from hdl.window import Window
from ir import Budget

__all__ = ["RowWindows"]


class RowWindows(wiring.Component):
    """Keeps the rows under the window in flip-flops; a copy of them is shifted from window to
    window while the next rows come.

    Where a row has more windows than cycles pass until the next windows are complete, another copy
    waits for this one, so that rows wait less: those above the first windows make up for it.

    Rows of padding below the image take a cycle each and no input.

    Timing
    ------
    A beat per cycle; the last one of a row that completes windows waits while the rows before it
    have not been copied. A window per step, the first one a step after they have. The copy moves
    with ``step`` only.

    Parameters
    ----------
    a : :class:`Layout`
        Of the image: one time step, beats of several positions that divide a row.
    window : :class:`Window`
    pad_value : int
        What taps outside the map are.

    Members
    -------
    i
        Input stream.
    step
        The copy moves.
    full, taps
        A window is shown: ``[channel, row, column]`` of its taps, flat.
    """

    latency = 1
    """Steps from a copy's being free to its first window."""

    def __init__(self, a: Layout, window: Window, pad_value: int):
        if a.tensor.steps > 1 or a.tensor.width % a.positions:
            raise ValueError(f"Beats of {a.positions} positions do not make rows of "
                             f"{a.tensor.width} at {a.tensor.steps} time steps")
        self.a, self.window, self.pad_value = a, window, pad_value
        super().__init__({
            "i": In(a.signature()), "step": In(1), "full": Out(1),
            "taps": Out(data.ArrayLayout(a.shape, a.tensor.channels * window.kernel**2)),
        })

    @property
    def row_beats(self) -> int:
        """Beats of a row."""
        return self.a.tensor.width // self.a.positions

    @property
    def ends(self) -> dict[int, int]:
        """The row of windows that is complete with each row of the image, or below it."""
        window = self.window
        return {y * window.stride - window.padding + window.kernel - 1: y
                for y in range(window.out_rows)}

    @property
    def spare(self) -> bool:
        """Whether another copy waits."""
        return self.window.out_columns > self.window.stride * self.row_beats

    @property
    def rows(self) -> int:
        """Rows of the image, and those of padding below it that windows reach."""
        return max(self.window.rows, max(self.ends) + 1)

    def area(self) -> Budget:
        """Estimated resources."""
        window, pixel = self.window, self.a.tensor.channels * self.a.tensor.interval.bits
        span = (window.out_columns - 1) * window.stride + window.kernel
        row, spare = pixel * window.columns, self.spare * window.kernel
        return logic(40 + pixel * window.kernel * (span - window.stride),
                     30 + row * (window.kernel + 1 + spare) + pixel * window.kernel * span)

    def elaborate(self, platform):
        m = Module()
        window, kernel = self.window, self.window.kernel
        pending, goes, comes, done = Signal(), Signal(), Signal(), Signal()
        below, last = Signal(), Signal()
        taken = self.i.valid & self.i.ready
        _, row_ends = counter(m, self.row_beats, taken, "beat")
        row = Signal(range(self.rows))
        m.d.comb += [
            comes.eq(~pending | goes),
            self.i.ready.eq(~below & (comes | ~row_ends)),
            done.eq(Mux(below, comes, taken & row_ends)),
            last.eq(row == self.rows - 1),
        ]
        newest = self._assemble(m, taken)
        kept = [Signal.like(newest, name=f"row_{r}", reset_less=True) for r in range(kernel)]
        above = Signal(kernel)
        with m.If(goes):
            m.d.sync += pending.eq(0)
        with m.If(done):
            m.d.sync += [
                row.eq(Mux(last, 0, row + 1)),
                pending.eq(table(row, [int(n in self.ends) for n in range(self.rows)])),
                above.eq(Cat(table(row, [int(n - (kernel - 1) + r < 0) for n in range(self.rows)])
                             [0] for r in range(kernel))),
                *(old.eq(new) for old, new in zip(kept, kept[1:], strict=False)),
                kept[-1].eq(Mux(below, self._padding(window.columns), newest)),
            ]
            if self.rows > window.rows:
                m.d.sync += below.eq((row >= window.rows - 1) & ~last)
        if self.spare:
            self._shift(m, *self._wait(m, kept, above, pending, goes))
        else:
            self._shift(m, kept, above, pending, goes)
        return m

    def _wait(self, m, kept, above, pending, goes):
        """A copy of the rows that waits to be shifted, what it knows of them, and when it goes."""
        waiting, loads = Signal(), Signal()
        rows = [Signal.like(row, name=f"spare_{r}", reset_less=True)
                for r, row in enumerate(kept)]
        before = Signal.like(above, reset_less=True)
        # The pipeline's step, which thousands wait for, has no say in it.
        m.d.comb += goes.eq(pending & ~waiting)
        with m.If(goes):
            m.d.sync += [waiting.eq(1), before.eq(above),
                         *(new.eq(old) for new, old in zip(rows, kept, strict=True))]
        with m.Elif(loads):
            m.d.sync += waiting.eq(0)
        return rows, before, waiting, loads

    def _padding(self, columns: int) -> Value:
        pad = C(self.pad_value, self.a.shape)
        return Cat([pad] * (self.a.tensor.channels * columns))

    def _assemble(self, m, taken) -> Value:
        """A row, while its last beat is offered."""
        beat = self.i.payload.as_value()
        if self.row_beats == 1:
            return beat
        before = Signal((self.row_beats - 1) * len(beat), reset_less=True)
        row = Cat(before, beat)
        with m.If(taken):
            m.d.sync += before.eq(row[len(beat):])
        return row

    def _shift(self, m, kept, above, pending, loads):
        window, channels = self.window, self.a.tensor.channels
        kernel, stride, bits = window.kernel, window.stride, self.a.shape.width
        pixel = channels * bits
        span = (window.out_columns - 1) * stride + kernel
        left = Signal(range(window.out_columns + 1))
        m.d.comb += [
            self.full.eq(left != 0),
            loads.eq(self.step & pending & (left <= 1)),
        ]
        with m.If(loads):
            m.d.sync += left.eq(window.out_columns)
        with m.Elif(self.step & self.full):
            m.d.sync += left.eq(left - 1)
        for r in range(kernel):
            copy = Signal(span * pixel, name=f"copy_{r}", reset_less=True)
            sides = [window.padding, max(0, span - window.padding - window.columns)]
            inside = kept[r][:(span - window.padding) * pixel]
            padded = Cat(self._padding(sides[0]), Mux(above[r], self._padding(window.columns),
                                                      inside)[:len(inside)],
                         self._padding(sides[1]))
            with m.If(loads):
                m.d.sync += copy.eq(padded)
            with m.Elif(self.step):
                m.d.sync += copy[:-stride * pixel].eq(copy[stride * pixel:])
            for column in range(kernel):
                for channel in range(channels):
                    first = column * pixel + channel * bits
                    m.d.comb += self.taps[(channel * kernel + r) * kernel + column].eq(
                        copy[first:first + bits])
