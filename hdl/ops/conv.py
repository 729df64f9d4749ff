# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Convolution, driven by spikes."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hdl.area import ROM_DEPTH, loaded, logic, lookup, ram, rom
from hdl.conv_timing import ConvTiming
from hdl.event_lists import EventLists
from hdl.folded_conv import FoldedConv
from hdl.layout import Layout
from hdl.memory import LoadPort
from hdl.row_buffer import RowBuffer
from hdl.serial_conv import SerialConv
from hdl.spike_adder import EventSource, SpikeAdder
from hdl.table_linear import TableLinear
from hdl.weights import Weights
from hdl.window import Window
from hdl.window_source import WindowSource
from hdl.word_reader import WordReader
from ir import Budget
from ir.ops import Conv

__all__ = ["ConvEngine", "ConvFolding", "ConvForm", "conv_lanes"]


class ConvForm(StrEnum):
    """What kind of engine a convolution is."""

    EVENTS = "events"
    """Finds the spikes and adds their weights: :class:`ConvEngine`."""

    SERIAL = "serial"
    """Multiplies one word of inputs after the other: :class:`SerialConv`."""

    FOLDED = "folded"
    """Has its weights as logic and takes a position per cycle: :class:`FoldedConv`."""

    TABLES = "tables"
    """Linear on spikes: looks up the sums of a few inputs' weights: :class:`TableLinear`."""


STORES = {Weights.CONSTANT: rom, Weights.LOGIC: lookup, Weights.LOADED: loaded}
"""What weights take, by where they lie."""


@dataclass(frozen=True, kw_only=True)
class ConvFolding:
    """How much of a convolution happens at once.

    ``lanes`` output channels are added up together, ``drain`` of them leave per cycle, and
    ``scan`` input channels are searched for spikes per cycle, or multiplied; ``form`` says how the
    engine works. One that is folded adds up all channels at once, whatever the lanes. ``weights``
    says where they lie; those of other forms than events are constant.
    """

    lanes: int
    drain: int
    scan: int
    form: ConvForm = ConvForm.EVENTS
    weights: Weights = Weights.CONSTANT

    def __post_init__(self):
        if self.form not in tuple(ConvForm):
            raise ValueError(f"A convolution's form is {' or '.join(ConvForm)}, not {self.form!r}")
        if self.weights not in tuple(Weights):
            raise ValueError(f"A convolution's weights are {' or '.join(Weights)}, "
                             f"not {self.weights!r}")
        object.__setattr__(self, "form", ConvForm(self.form))
        object.__setattr__(self, "weights", Weights(self.weights))


class ConvEngine(wiring.Component):
    """Event-driven convolution of spikes, counts, pixels or signed values.

    The last rows of the map are kept (:class:`RowBuffer`); each window is read word by word
    (:class:`WindowSource`, :class:`WordReader`), its spikes are listed (:class:`EventLists`), and
    the lists are replayed for every group of output channels (:class:`SpikeAdder`). Finding
    overlaps with adding: two windows are in work at once.

    Timing
    ------
    See :mod:`hdl.conv_timing`. A stalled output stops the replay, then the search, then the input;
    a position is accepted whenever the row buffer has room for it.

    Parameters
    ----------
    op : :class:`Conv`
    a : :class:`Layout`
        Of the input, of any interval: the engine adds one weight row per one among the bits of a
        value, two's complement if signed. Its lanes must divide ``folding.scan``, and that its
        block.
    folding : :class:`ConvFolding`
    name : str
        Names the memory contents; unique in a design.

    Members
    -------
    i, o
        Input and output stream.
    load
        The weights, see :class:`hdl.memory.LoadPort`; only where they are loaded.

    Attributes
    ----------
    out : :class:`Layout`
        Of the output: blocks of ``folding.lanes``, beats of ``folding.drain``.
    """

    def __init__(self, op: Conv, a: Layout, folding: ConvFolding, *, name: str = "conv"):
        self.op, self.a, self.folding, self.name = op, a, folding, name
        self.out = Layout(op.output(a.tensor), folding.lanes, folding.drain)
        super().__init__({
            "i": In(a.signature()), "o": Out(self.out.signature()),
            **({} if self.loads is None else {"load": In(LoadPort(self.loads[1]))})})

    @property
    def loads(self) -> tuple[int, int] | None:
        """Width and depth of the memory that weights are loaded into, if they are."""
        if self.folding.weights is not Weights.LOADED:
            return None
        return self.out.block * self.op.weight_bits, self.out.blocks * self.op.weight[0].size

    @property
    def weight_words(self) -> list[int]:
        """The words of that memory."""
        return SpikeAdder.weight_words(self.op, self.out)

    def area(self) -> Budget:
        """Estimated resources."""
        op, a, out, scan = self.op, self.a, self.out, self.folding.scan
        window, planes = Window.of(op, a.tensor), a.tensor.interval.bits
        rows, longest = scan * planes, window.kernel**2 * a.tensor.channels
        sums = op.accumulator(a.tensor.interval).bits * out.block
        depth, segments = SpikeAdder.buffer_depth(out), a.tensor.steps * planes
        list_depth = 2 * segments << max(1, (longest - 1).bit_length())
        position_words = a.tensor.steps * a.tensor.channels // scan
        parameters = out.lanes * (int(abs(op.bias).max()).bit_length() + 2)
        turned = op.weight_bits * out.block * a.tensor.interval.signed
        inside = (self.folding.weights is Weights.LOADED or out.blocks * longest > ROM_DEPTH
                  and self.folding.weights is Weights.CONSTANT)
        larger = window.kernel > 1
        counts = (2 * segments + planes) * longest.bit_length() + 4 * segments
        return (
            logic(475 + 100 * larger + 8 * rows + 6 * segments
                  + (1.5 + 1.7 * (planes > 1)) * sums + turned + 3 * out.bits,
                  365 + 100 * larger + 4 * rows + 2.45 * sums + counts + 2 * out.bits
                  + (0 if inside else op.weight_bits * out.block))
            + ram(rows, window.ring_positions * position_words)
            + ram(rows + longest.bit_length() + 4, WordReader.DEPTH)
            + ram((longest - 1).bit_length(), list_depth)
            + STORES[self.folding.weights](out.block * op.weight_bits, out.blocks * longest)
            + rom(parameters, op.out_channels // out.lanes)
            + ram(out.bits, depth))

    def timing(self, images: np.ndarray) -> ConvTiming:
        """When the engine does what on input ``images``, ``[N, T, C, H, W]``."""
        return ConvTiming(self.op, self.a, self.out, self.folding.scan, images)

    def elaborate(self, platform):
        m = Module()
        window, scan = Window.of(self.op, self.a.tensor), self.folding.scan
        m.submodules.rows = rows = RowBuffer(self.a, window, scan)
        m.submodules.windows = windows = WindowSource(window, rows.position_words)
        m.submodules.words = words = WordReader(self.a, window, scan,
                                                pad_value=self.op.pad_value)
        m.submodules.events = events = EventLists(self.a, window, scan)
        source = EventSource(self.a.tensor.steps, events.planes, events.longest,
                             events.segment_depth)
        m.submodules.adder = adder = SpikeAdder(self.op, self.a.tensor, self.out, source,
                                                name=self.name, store=self.folding.weights)
        if self.loads is not None:
            wiring.connect(m, wiring.flipped(self.load), adder.load)
        wiring.connect(m, wiring.flipped(self.i), rows.i)
        wiring.connect(m, windows.o, words.i)
        wiring.connect(m, words.o, events.i)
        wiring.connect(m, adder.o, wiring.flipped(self.o))
        m.d.comb += [
            windows.filled.eq(rows.filled),
            rows.finish.eq(windows.finish),
            rows.read_addr.eq(words.read_addr),
            words.read_data.eq(rows.read_data),
            adder.full.eq(events.full),
            adder.counts.eq(events.counts),
            adder.some.eq(events.some), adder.many.eq(events.many),
            events.free.eq(adder.free),
            events.read_addr.eq(adder.read_addr),
            adder.read_data.eq(events.read_data),
        ]
        m.d.sync += rows.release.eq(Mux(words.o.valid & words.o.ready, words.o.p.release, 0))
        return m


def conv_lanes(op: Conv, a: Layout, folding: ConvFolding, *,
               name: str = "conv") -> ConvEngine | SerialConv | FoldedConv | TableLinear:
    """The engine of a folding; raises ValueError for one that its form cannot have."""
    if a.positions > 1 and folding.form is not ConvForm.FOLDED:
        raise ValueError(f"A convolution takes {a.positions} positions a beat where it is folded, "
                         f"not as {folding.form}")
    if folding.form is ConvForm.EVENTS:
        return ConvEngine(op, a, folding, name=name)
    if folding.weights is not Weights.CONSTANT:
        raise ValueError(f"A {folding.form} convolution has constant weights; to have them "
                         f"{folding.weights}, its form must be {ConvForm.EVENTS}")
    if folding.scan != a.lanes * a.positions:
        verb = "multiplies" if folding.form is ConvForm.SERIAL else "takes"
        raise ValueError(f"A {folding.form} convolution {verb} the {a.lanes} lanes of a beat, its "
                         f"scan is not {folding.scan}")
    if folding.form is ConvForm.FOLDED:
        return FoldedConv(op, a, folding.lanes, folding.drain)
    out = Layout(op.output(a.tensor), folding.lanes, folding.drain)
    if folding.form is ConvForm.TABLES:
        return TableLinear(op, a, out, name=name)
    return SerialConv(op, a, out, name=name)
