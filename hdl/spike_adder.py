"""Adds the weights of listed spikes, group of output channels by group."""

from dataclasses import dataclass
from functools import reduce
from operator import or_

from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.arith import counter, pack, pack_rows, table, wrapping
from hdl.fifo import Fifo
from hdl.layout import Layout, shape_of
from hdl.memory import LoadPort, Memory
from hdl.weights import Weights
from ir.ops import Conv
from ir.tensors import TensorType

__all__ = ["EventSource", "SpikeAdder"]


@dataclass(frozen=True)
class EventSource:
    """The shape of the lists that an adder replays."""

    steps: int
    planes: int
    longest: int
    segment_depth: int

    @property
    def segments(self) -> int:
        return self.steps * self.planes


class SpikeAdder(wiring.Component):
    """Replays a window's lists for every group of output channels.

    For each group and time step it adds one weight row per event, doubling the sums between bit
    planes, and sends the sums out ``drain`` channels at a time, aligned and with their bias. Of
    signed inputs the highest plane weighs negative (two's complement): its rows are subtracted.

    On the way from plane to plane a sum may leave :meth:`Conv.accumulator`, and wraps. Doubling,
    adding and subtracting are exact modulo a power of two, so that a register that holds every
    finished sum is wide enough.

    Timing
    ------
    A group and time step takes as many cycles as its lists have events (an empty list counts as
    one), and at least ``lanes / drain``. Its first beat comes :meth:`latency` cycles after its
    last event is issued. Only the issue of a group's last event waits for room at the output: the
    datapath behind never stalls.

    Parameters
    ----------
    op : :class:`Conv`
    a : :class:`TensorType`
        Input tensor.
    out : :class:`Layout`
        Of the output; its block is the group.
    source : :class:`EventSource`
    name : str
        Names the memory contents.
    store : Weights
        Where the weights lie.

    Members
    -------
    full, counts, some, many, free, read_addr, read_data
        To :class:`hdl.event_lists.EventLists`.
    o
        Output stream.
    load
        The weights, see :class:`hdl.memory.LoadPort`; only where they are loaded.
    """

    PIPELINE = 9
    """Cycles from a group's last event to its first beat's coming to the buffer; one more where
    bit planes are added up."""

    def __init__(self, op: Conv, a: TensorType, out: Layout, source: EventSource, *, name: str,
                 store: Weights = Weights.CONSTANT):
        self.op, self.a, self.out, self.source, self.name = op, a, out, source, name
        self.store = store
        super().__init__({
            "full": In(2),
            "counts": In(data.ArrayLayout(range(source.longest + 1), 2 * source.segments)),
            "some": In(2 * source.segments), "many": In(2 * source.segments),
            "free": Out(2),
            "read_addr": Out(range(2 * source.segments * source.segment_depth)),
            "read_data": In(range(source.longest)),
            "o": Out(out.signature()),
            **({"load": In(LoadPort(out.blocks * source.longest))}
               if store is Weights.LOADED else {}),
        })

    @staticmethod
    def buffer_depth(out: Layout) -> int:
        """Beats that the output buffers: enough to cover the pipeline behind the issue."""
        return 16 * -(-(SpikeAdder.PIPELINE + 3 + 2 * out.groups) // 16)

    @staticmethod
    def latency(planes: int, out: Layout) -> int:
        """Cycles from the issue of a group's last event to its first beat, nothing waiting."""
        buffer = Fifo.latency(out.bits, SpikeAdder.buffer_depth(out))
        return SpikeAdder.PIPELINE + (planes > 1) + buffer

    @staticmethod
    def weight_words(op: Conv, out: Layout) -> list[int]:
        """The weights' memory, a word per group of channels and input of a window."""
        weights = op.weight.transpose(0, 2, 3, 1).reshape(out.blocks, out.block, -1)
        return pack_rows(weights.swapaxes(1, 2).reshape(-1, out.block), op.weight_bits)

    def elaborate(self, platform):
        m = Module()
        tokens = self._issue(m)
        sums, loaded = self._add(m, tokens)
        self._drain(m, sums, loaded)
        return m

    def _lists(self, m, turn, active, bank):
        """Name the lists in the order of their replay, one ahead of the one that is replayed."""
        source, out = self.source, self.out
        upcoming = Signal(data.StructLayout({
            "at": data.StructLayout({
                "bank": 1, "group": range(out.blocks), "segment": range(2 * source.segments),
                "opens": 1, "sends": 1, "final": 1}),
            "left": range(source.longest + 1), "empty": 1, "single": 1, "guarded": 1}))
        bank_ahead, begins = Signal(), Signal(init=1)
        valid, there, moves, list_ends = Signal(), Signal(), Signal(), Signal()
        plane, sends = counter(m, source.planes, moves, "plane")
        segment, segment_ends = counter(m, source.segments, moves, "segment")
        group, group_ends = counter(m, out.blocks, list_ends, "group")
        index = Mux(bank_ahead, segment + source.segments, segment)
        count, empty = self.counts[index], ~self.some.bit_select(index, 1)
        single, final = ~self.many.bit_select(index, 1), segment_ends & group_ends
        m.d.comb += [
            # A window's bank stays full while it is replayed: it is not the next window's yet.
            there.eq(self.full.bit_select(bank_ahead, 1)
                     & ~(begins & active & (bank == bank_ahead))),
            moves.eq((turn | ~valid) & there),
            list_ends.eq(moves & segment_ends),
        ]
        with m.If(turn | ~valid):
            m.d.sync += [
                valid.eq(there), upcoming.at.bank.eq(bank_ahead), upcoming.at.group.eq(group),
                upcoming.at.segment.eq(index), upcoming.at.opens.eq(plane == 0),
                upcoming.at.sends.eq(sends), upcoming.at.final.eq(final),
                upcoming.left.eq(count), upcoming.empty.eq(empty), upcoming.single.eq(single),
                upcoming.guarded.eq(single & sends),
            ]
        with m.If(moves):
            m.d.sync += [begins.eq(final), bank_ahead.eq(bank_ahead ^ final)]
        return upcoming, valid

    def _issue(self, m):
        """Name one event per cycle; an empty list gives one token without an event."""
        source, out = self.source, self.out
        active, turn, bank = Signal(), Signal(), Signal()
        upcoming, valid = self._lists(m, turn, active, bank)
        at = Signal.like(upcoming.at)
        entry, starts = Signal(range(source.segment_depth)), Signal()
        left, list_done, empty = Signal(range(source.longest + 1)), Signal(), Signal()
        spacing = Signal(range(out.groups))
        # Room for beats beyond those of one group: its sign alone says whether a group fits.
        most = self.buffer_depth(out) - out.groups
        room = Signal(range(-out.groups, most + 1), init=most)
        # Whether an event may be issued is known a cycle ahead: this is the longest loop of the
        # engine. An event that ends a group waits until beats are far enough apart, and fit.
        issue, sends = Signal(), Signal()
        fits, fits_again, guarded = Signal(), Signal(), Signal()
        m.d.comb += [
            bank.eq(at.bank),
            sends.eq(issue & list_done & at.sends),
            turn.eq((issue & list_done) | ~active),
            fits.eq((spacing <= 1) & (room >= 0)),
            fits_again.eq((room >= out.groups) if out.groups == 1 else 0),
            guarded.eq((left <= 2) & at.sends),
            self.free.eq((issue & list_done & at.final) << at.bank),
            self.read_addr.eq(Cat(entry, at.segment)),
        ]
        m.d.sync += issue.eq(Mux(
            turn, valid & (~upcoming.guarded | Mux(sends, fits_again, fits)),
            fits | (issue & ~guarded)))
        with m.If(sends):
            m.d.sync += spacing.eq(out.groups - 1)
        with m.Elif(spacing != 0):
            m.d.sync += spacing.eq(spacing - 1)
        popped = Signal()
        m.d.sync += [
            popped.eq(self.o.valid & self.o.ready),
            room.eq(room + popped - Mux(sends, out.groups, 0)),
        ]
        with m.If(turn):
            m.d.sync += [active.eq(valid), at.eq(upcoming.at), left.eq(upcoming.left),
                         list_done.eq(upcoming.single), empty.eq(upcoming.empty), entry.eq(0),
                         starts.eq(1)]
        with m.Elif(issue):
            m.d.sync += [entry.eq(entry + 1), left.eq(left - 1), list_done.eq(left <= 2),
                         starts.eq(0)]

        token = Signal(data.StructLayout({
            "event": 1, "first": 1, "double": 1, "negative": 1, "done": 1,
            "group": at.group.shape()}))
        m.d.comb += [
            token.event.eq(issue & ~empty),
            token.first.eq(issue & starts & at.opens),
            token.double.eq(issue & starts & ~at.opens),
            token.negative.eq(at.opens if self.a.interval.signed else 0),
            token.done.eq(sends),
            token.group.eq(at.group),
        ]
        return token

    def _add(self, m, token):
        """List entry, weight row, sums: a pipeline that never stalls."""
        op, out, source = self.op, self.out, self.source
        rows, bits = source.longest, op.weight_bits
        delayed = [token]
        for cycle in range(1, 7):
            after = Signal.like(token, name=f"token_{cycle}")
            m.d.sync += after.eq(delayed[-1])
            delayed.append(after)

        m.submodules.weights = memory = Memory(
            width=out.block * bits, depth=out.blocks * rows, name=f"{self.name}_weight",
            contents=self.weight_words(op, out), store=self.store)
        if memory.loaded:
            wiring.connect(m, wiring.flipped(self.load), memory.load)
        row, address = (Signal(range(rows), reset_less=True),
                        Signal(range(max(2, out.blocks * rows))))
        words = Signal(data.ArrayLayout(signed(bits), out.block), reset_less=True)
        m.d.sync += [
            row.eq(self.read_data),
            address.eq(row + table(delayed[2].group, [g * rows for g in range(out.blocks)])),
            words.eq(memory.read_data),
        ]
        m.d.comb += memory.read_addr.eq(address)

        shape = data.ArrayLayout(shape_of(op.accumulator(self.a.interval)), out.block)
        # To clear a register is free where nothing else does, as a reset.
        sums, finished = Signal(shape), Signal(shape, reset_less=True)
        if source.planes > 1:
            self._sum_planes(m, delayed[5], sums, words)
            with m.If(delayed[6].done):
                m.d.sync += finished.eq(sums)
            return finished, delayed[6].done
        at = delayed[5]
        # A group's last sum goes past the register, which is cleared for the next: no gate. A
        # group without events, whose sums are zero already, has no word to add.
        for lane in range(out.block):
            total = Signal.like(sums[lane], name=f"total_{lane}")
            m.d.comb += total.eq(self._added(sums[lane], words[lane], at.negative))
            with m.If(at.done):
                m.d.sync += [sums[lane].eq(0), finished[lane].eq(Mux(at.event, total, 0))]
            with m.Elif(at.event):
                m.d.sync += sums[lane].eq(total)
        return finished, at.done

    def _sum_planes(self, m, at, sums, words):
        """Add an event's words, or nothing; the sums before are doubled between planes.

        A logic cell holds an adder and its register only where nothing else reads the adder.
        """
        for lane in range(self.out.block):
            kept = Mux(at.double, sums[lane].shift_left(1), sums[lane])
            with m.If(at.event | at.first | at.double):
                m.d.sync += sums[lane].eq(self._added(
                    Mux(at.first, 0, kept), Mux(at.event, words[lane], 0),
                    at.event & at.negative))

    def _added(self, kept, word, negative):
        """``kept + word``, or ``kept - word`` in the negative plane of signed inputs."""
        if not self.a.interval.signed:
            return kept + word
        # One adder for both: the complement of the word, and the one it lacks as a carry.
        turned = word.as_unsigned() ^ negative.replicate(len(word))
        return (Cat(negative, kept).as_signed() + Cat(negative, turned).as_signed()).shift_right(1)

    def _drain(self, m, sums, loaded):
        """Send finished sums out, a beat per cycle, shifted and with their bias."""
        op, out = self.op, self.out
        beat, leaves, ends = Signal(range(max(2, out.groups))), Signal(), Signal()
        with m.If(loaded):
            m.d.sync += [beat.eq(0), leaves.eq(1), ends.eq(out.groups == 1)]
        with m.Elif(leaves):
            m.d.sync += [beat.eq(beat + 1), leaves.eq(~ends), ends.eq(beat == out.groups - 2)]
        shifts = sorted(set(op.shift.tolist()))
        # at least a bit: a memory of nothing is none
        bias_shape = Shape.cast(range(min(0, int(op.bias.min())), max(1, int(op.bias.max())) + 1))
        channel = data.StructLayout({"bias": bias_shape, "shift": range(len(shifts))})
        bias_bits, shift_bits = bias_shape.width, len(Signal(range(len(shifts))))
        words = []
        for first in range(0, op.out_channels, out.lanes):
            lanes = range(first, first + out.lanes)
            words.append(pack([pack([op.bias[c]], bias_bits)
                               | shifts.index(int(op.shift[c])) << bias_bits for c in lanes],
                              bias_bits + shift_bits))
        m.submodules.parameters = parameters = Memory(
            width=out.lanes * (bias_bits + shift_bits), depth=len(words),
            name=f"{self.name}_bias", contents=words)

        # The parameters of a beat are looked up while the beats before it leave.
        step, group = Signal(range(out.tensor.steps)), Signal(range(out.groups))
        block = Signal(range(max(2, len(words))))
        with m.If(leaves):
            m.d.sync += group.eq(wrapping(group, out.groups))
            with m.If(group == out.groups - 1):
                m.d.sync += step.eq(wrapping(step, out.tensor.steps))
                with m.If(step == out.tensor.steps - 1):
                    m.d.sync += block.eq(Mux(block == len(words) - out.groups, 0,
                                             block + out.groups))
        m.d.comb += parameters.read_addr.eq(block + group)

        found = Signal(data.ArrayLayout(channel, out.lanes), reset_less=True)
        moving, result = Signal(2), Signal(data.ArrayLayout(out.shape, out.lanes))
        m.d.sync += [moving.eq(Cat(leaves, moving)), found.eq(parameters.read_data)]
        taken = self._chosen(m, sums, beat)
        for lane in range(out.lanes):
            aligned = Array([taken[lane].shift_left(shift) for shift in shifts])[found[lane].shift]
            m.d.comb += result[lane].eq(aligned + found[lane].bias)

        m.submodules.buffer = buffer = Fifo(self.o.payload.shape(), self.buffer_depth(out))
        m.d.sync += [buffer.i.valid.eq(moving[1]), buffer.i.payload.eq(result)]
        wiring.connect(m, buffer.o, wiring.flipped(self.o))

    def _chosen(self, m, sums, beat):
        """The sums of a beat, two cycles after: one of two, or zero, and then the pairs' OR."""
        lanes, groups = self.out.lanes, self.out.groups
        beats = [Cat(sums[lane] for lane in range(first, first + lanes))
                 for first in range(0, self.out.block, lanes)]
        pairs = [Signal(len(beats[0]), name=f"pair_{n}", reset_less=True)
                 for n in range(-(-groups // 2))]
        for n, pair in enumerate(pairs):
            m.d.sync += pair.eq(Mux(beat[0], beats[min(2 * n + 1, groups - 1)], beats[2 * n]))
            with m.If(beat[1:] != n):
                m.d.sync += pair.eq(0)
        taken = Signal(data.ArrayLayout(sums.shape().elem_shape, lanes), reset_less=True)
        m.d.sync += taken.as_value().eq(reduce(or_, pairs))
        return taken
