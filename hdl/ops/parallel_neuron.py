"""Parallel spiking neurons: a matrix over time."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.adders import Adders, digits
from hdl.area import logic, ram
from hdl.arith import reaches, table, wrapping
from hdl.channel_constants import ChannelConstants
from hdl.layout import Layout, shape_of
from hdl.memory import Memory, late
from hdl.steps import Steps
from hdl.wires import Process, Wire
from ir import Budget
from ir.ops import ParallelNeuron

__all__ = ["ParallelNeuronLanes", "ParallelNeuronTiming", "Tap", "taps"]


@dataclass(frozen=True)
class Tap:
    """One of the products that make a sum: at every time step at most one input's.

    Parameters
    ----------
    inputs, weights : tuple of int
        For each time step of the output, which input it takes and times what.
    """

    inputs: tuple[int, ...]
    weights: tuple[int, ...]

    @property
    def digits(self) -> tuple[tuple[int, int, bool], ...]:
        """The weights as digits: exponent, a bit per time step, whether it is subtracted.

        In two's complement, or as sums and differences of few powers, whichever has fewer digits.
        """
        bits = max(w.bit_length() if w >= 0 else (-w - 1).bit_length() for w in self.weights)
        complement = {(n, n == bits): sum((w >> n & 1) << t for t, w in enumerate(self.weights))
                      for n in range(bits + (min(self.weights) < 0))}
        powers: dict[tuple[int, bool], int] = {}
        for t, w in enumerate(self.weights):
            for n, minus in digits(abs(w)):
                key = (n, minus ^ (w < 0))
                powers[key] = powers.get(key, 0) | 1 << t
        found = ([(n, steps, minus) for (n, minus), steps in sorted(kind.items()) if steps]
                 for kind in (complement, powers))
        return tuple(min(found, key=len))


def taps(weight: np.ndarray) -> tuple[Tap, ...]:
    """The fewest taps, the inputs dealt out to them in turn: a band takes as many as it is wide.

    The input ``s`` is one of tap ``s % len(taps)``.
    """
    steps = len(weight)
    rows = [np.flatnonzero(row).tolist() for row in weight]
    count = next(n for n in range(1, steps + 1)
                 if all(len({s % n for s in row}) == len(row) for row in rows))
    found = []
    for tap in range(count):
        inputs = [next((s for s in row if s % count == tap), tap) for row in rows]
        found.append(Tap(tuple(inputs), tuple(int(weight[t, s]) for t, s in enumerate(inputs))))
    return tuple(found)


@dataclass(frozen=True)
class ParallelNeuronTiming:
    """Parallel neurons at work on so many images; what they hold makes no difference."""

    component: "ParallelNeuronLanes"
    images: int

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        return float(self.component.a.image_beats)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        full: list[int] = []
        freed: list[int] = []
        steps = Steps(o, self.component.LATENCY)
        return [self._collect(i, full, freed), self._issue(steps, full, freed),
                steps.leave(self.images * self.component.out.image_beats)]

    @property
    def _rounds(self) -> tuple[int, int]:
        """Blocks in all, and the beats of each."""
        a = self.component.a
        beats = a.tensor.steps * a.groups
        return self.images * a.image_beats // beats, beats

    def _collect(self, i: Wire, full: list[int], freed: list[int]) -> Process:
        blocks, beats = self._rounds
        ready = 0
        for block in range(blocks):
            while block >= 2 and len(freed) <= block - 2:
                yield
            ready = max(ready, freed[block - 2] if block >= 2 else 0)
            for beat in range(beats):
                yield from i.offered(block * beats + beat)
                ready = i.take(ready) + 1
            full.append(ready)

    def _issue(self, steps: Steps, full: list[int], freed: list[int]) -> Process:
        blocks, beats = self._rounds
        step = cycle = -1
        for block in range(blocks):
            while len(full) <= block:
                yield
            for _ in range(beats):
                step, cycle = yield from steps.enter(step + 1, full[block])
                steps.entered.append(step)
            freed.append(cycle + 1)


class ParallelNeuronLanes(wiring.Component):
    """Keeps the time steps of a block, then adds up all of them for each step of the output.

    Two blocks are in work at once: one comes in while the other goes out.

    Timing
    ------
    One beat per cycle. The first beat of a block leaves :attr:`LATENCY` cycles and one after its
    last came in. A stalled output stalls the input when two blocks are kept.

    Parameters
    ----------
    op : :class:`ParallelNeuron`
    a : :class:`Layout`
        Of the input current.
    name : str
        Names the memory contents; unique in a design.

    Members
    -------
    i, o
        Currents in, spikes out, in one layout.
    """

    def __init__(self, op: ParallelNeuron, a: Layout, *, name: str = "parallel_neuron"):
        self.op, self.a = op, a
        self.out = a.retyped(op.output(a.tensor))
        self.taps = taps(op.weight)
        self.potential = op.potential(a.tensor)
        # Beyond what is reached, one threshold is as good as another.
        reached = op.threshold.clip(self.potential.low, self.potential.high + 1)
        self.threshold = ChannelConstants(reached[None], a, f"{name}_threshold")
        row = Adders(lambda value: value, levels=1)
        row.sum([(C(0), False)] * (len(self.zero) + self.products))
        self.adding = row.registers
        # A read (a register follows a memory whose words come late), the products, their sum, the
        # comparison.
        self.reading = 1 + late(a.bits, 2 * self.depth)
        self.LATENCY = 3 + self.reading + self.adding
        super().__init__({"i": In(a.signature()), "o": Out(self.out.signature())})

    @property
    def products(self) -> int:
        """Terms of the sum."""
        return sum(len(tap.digits) for tap in self.taps)

    @property
    def zero(self) -> list[tuple[Value, bool]]:
        """A term that is not subtracted, where all others are."""
        plus = any(not minus for tap in self.taps for *_, minus in tap.digits)
        return [] if plus else [(C(0), False)]

    @property
    def depth(self) -> int:
        """Words that a tap keeps of a block."""
        return -(-self.a.tensor.steps // len(self.taps)) * self.a.groups

    def area(self) -> Budget:
        """Estimated resources."""
        lanes, bits, potential = self.a.lanes, self.a.tensor.interval.bits, self.potential.bits
        kept = [ram(lanes * bits, 2 * self.depth)] * len(self.taps)
        # Of each product the bits that pass or not, and an adder for all but one.
        added = lanes * self.products * (bits + 2)
        return sum(kept, self.threshold.area()) + logic(
            60 + 2.1 * added + lanes * potential, 40 + 1.9 * added + lanes * potential)

    def timing(self, images: np.ndarray) -> ParallelNeuronTiming:
        """When the component does what on input ``images``, ``[N, T, C, H, W]``."""
        return ParallelNeuronTiming(self, len(images))

    def elaborate(self, platform):
        m = Module()
        memories = [Memory(width=self.a.bits, depth=2 * self.depth) for _ in self.taps]
        for n, memory in enumerate(memories):
            m.submodules[f"tap{n}"] = memory
        full, emptied = Signal(2), Signal(2)
        filled = self._collect(m, memories, full)
        m.d.sync += full.eq((full | filled) & ~emptied)
        step, issue, turn = self._read(m, memories, full, emptied)
        self._add(m, memories, step, issue, turn)
        return m

    def _collect(self, m, memories, full):
        """Deal the steps of a block out to the taps; return which bank is filled now."""
        a, count = self.a, len(memories)
        rounds = -(-a.tensor.steps // count)
        group, tap, around = Signal(range(a.groups)), Signal(range(count)), Signal(range(rounds))
        bank, taken, filled = Signal(), Signal(), Signal()
        word = Signal(range(max(2, 2 * self.depth)))
        last = a.tensor.steps - 1
        m.d.comb += [
            self.i.ready.eq(~full.bit_select(bank, 1)),
            taken.eq(self.i.valid & self.i.ready),
            filled.eq(taken & (group == a.groups - 1) & (tap == last % count)
                      & (around == last // count)),
        ]
        for n, memory in enumerate(memories):
            m.d.comb += [memory.write_en.eq(taken & (tap == n)), memory.write_addr.eq(word),
                         memory.write_data.eq(self.i.payload)]
        first = Signal.like(word)
        with m.If(filled):
            start = Mux(bank, 0, self.depth)
            m.d.sync += [group.eq(0), tap.eq(0), around.eq(0), bank.eq(~bank), word.eq(start),
                         first.eq(start)]
        with m.Elif(taken):
            m.d.sync += [group.eq(wrapping(group, a.groups)), word.eq(word + 1)]
            with m.If(group == a.groups - 1):
                # The next step goes to the next tap, at the same words, or at those behind them.
                m.d.sync += [tap.eq(wrapping(tap, count)), word.eq(first)]
                with m.If(tap == count - 1):
                    m.d.sync += [around.eq(around + 1), word.eq(word + 1), first.eq(word + 1)]
        return Mux(filled, 1 << bank, 0)

    def _read(self, m, memories, full, emptied):
        """Read for each step of the output what its taps take; return when, and the step."""
        a, count = self.a, len(memories)
        group, turn, bank = Signal(range(a.groups)), Signal(range(a.tensor.steps)), Signal()
        step, issue = Signal(), Signal()
        ends = (group == a.groups - 1) & (turn == a.tensor.steps - 1)
        m.d.comb += [
            step.eq(~self.o.valid | self.o.ready),
            issue.eq(step & full.bit_select(bank, 1)),
            emptied.eq(Mux(issue & ends, 1 << bank, 0)),
        ]
        with m.If(issue):
            m.d.sync += [group.eq(wrapping(group, a.groups)), bank.eq(bank ^ ends)]
            with m.If(group == a.groups - 1):
                m.d.sync += turn.eq(wrapping(turn, a.tensor.steps))
        for memory, tap in zip(memories, self.taps, strict=True):
            start = table(turn, [s // count * a.groups for s in tap.inputs])
            m.d.comb += [memory.read_en.eq(step),
                         memory.read_addr.eq(Mux(bank, self.depth, 0) + start + group)]
        return step, issue, turn

    def _add(self, m, memories, step, issue, turn):
        """Add up what was read, compare, and send."""
        at = Signal(self.LATENCY - 1)

        def later(value):
            register = Signal(value.shape(), name="later")
            with m.If(step):
                m.d.sync += register.eq(value)
            return register

        for _ in range(self.reading - 1):
            turn = later(turn)
        chosen = [[later(C(bits, self.op.steps).bit_select(turn, 1)) for _, bits, _ in tap.digits]
                  for tap in self.taps]
        threshold = self.threshold.read(m, step, step & at[self.reading - 1 + self.adding])
        read = [self._words(m, memory, step) for memory in memories]
        for lane in range(self.a.lanes):
            terms = self.zero
            for tap, values, bits in zip(self.taps, read, chosen, strict=True):
                terms += [(later(Mux(bit, values[lane], 0) << exponent), minus)
                          for bit, (exponent, _, minus) in zip(bits, tap.digits, strict=True)]
            h = Signal(shape_of(self.potential), name=f"h{lane}")
            with m.If(step):
                m.d.sync += [h.eq(Adders(later, levels=1).sum(terms)),
                             self.o.p[lane].eq(reaches(h, threshold[lane][0]))]
        with m.If(step):
            m.d.sync += [at[0].eq(issue), *(after.eq(before) for before, after in pairwise(at)),
                         self.o.valid.eq(at[-1])]

    def _words(self, m, memory, step):
        """What was read, :attr:`reading` steps after the address."""
        words = memory.read_data
        if self.reading > 1:
            words = Signal.like(memory.read_data, reset_less=True)
            with m.If(step):
                m.d.sync += words.eq(memory.read_data)
        return data.View(self.a.payload, words)
