"""A value per channel that is carried from beat to beat: neurons and sums."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from amaranth import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hdl.ahead import Ahead, moves
from hdl.area import logic, ram
from hdl.arith import counter
from hdl.layout import Layout, shape_of
from hdl.memory import Memory, late
from hdl.steps import Steps
from hdl.wires import Process, Wire
from ir import Budget
from ir.tensors import Interval

__all__ = ["Recurrence", "RecurrenceTiming"]


@dataclass(frozen=True)
class RecurrenceTiming:
    """A recurrence at work on so many images; what they hold makes no difference."""

    component: "Recurrence"
    images: int

    @property
    def pause(self) -> int:
        """Cycles of waiting after each round."""
        unit = self.component
        return max(0, unit.LOOP - unit.period) if unit.rounds > 1 else 0

    def service(self) -> float:
        """Cycles per image, never waiting for anything."""
        beats = self.component.a.image_beats
        return float(beats + beats // self.component.period * self.pause)

    def processes(self, i: Wire, o: Wire) -> list[Process]:
        """The component between its input and its output wire."""
        steps = Steps(o, self.component.LATENCY)
        return [self._take(i, steps), steps.leave(self.images * self.component.out.image_beats)]

    def _take(self, i: Wire, steps: Steps) -> Process:
        unit, ready = self.component, 0
        for beat in range(self.images * unit.a.image_beats):
            yield from i.offered(beat)
            step, cycle = yield from steps.enter(ready, i.offers[beat])
            i.take(cycle)
            turn = beat // unit.period
            if unit.every or turn % unit.rounds == unit.rounds - 1:
                steps.entered.append(step)
            ready = step + 1 + (self.pause if beat % unit.period == unit.period - 1 else 0)


class Recurrence(Ahead, wiring.Component):
    """Carries a state per lane through the ``period`` beats until the same channels come again.

    Subclasses say how: :meth:`charge` joins the state and the input, :meth:`settle` makes the
    output and the next state of it, in one pipeline stage each or in several.

    Timing
    ------
    Latency :attr:`LATENCY` cycles: one to read the state, or two where its memory is large, and
    the stages. One beat per cycle; where a state comes again after fewer than :attr:`LOOP` beats,
    a round of ``period`` beats takes :attr:`LOOP` cycles. A stalled output stalls the
    input.

    Simulation looks at the state of a beat, as it is charged, in the register ``h``; it is there
    while bit 0 of ``stageN`` is high, ``N`` being :attr:`charging`, and goes on when the output is
    not valid or is taken.

    Parameters
    ----------
    a, out : :class:`Layout`
        Of the input and the output.
    state : :class:`Interval`
    period : int
        Beats after which the same channels come again.
    rounds : int
        How often they come before the state starts from zero.
    every : bool
        Whether each round gives output, or the last alone.
    charging, settling : int
        The pipeline stages of :meth:`charge` and :meth:`settle`.

    Members
    -------
    i, o
        Input and output stream.
    """

    def __init__(self, a: Layout, out: Layout, state: Interval, *, period: int, rounds: int,
                 every: bool, charging: int = 1, settling: int = 1):
        self.a, self.out, self.state = a, out, state
        self.period, self.rounds, self.every = period, rounds, every
        # Beats of all channels come one after the other.
        self.wide = period == 1 and rounds == 1
        self.charging = charging
        # A register follows a memory whose words come late.
        self.reading = 1 + (rounds > 1 and late(state.bits * a.lanes, period))
        self.LATENCY = self.LOOP = self.reading + charging + settling
        super().__init__({"i": In(a.signature()), "o": Out(out.signature())})

    def constants(self, m: Module, step: Value, taken: Value) -> Value | None:
        """What :meth:`settle` needs to know of the channels; none by default.

        The answer to a beat for which ``taken`` is high must be there two steps later.
        """
        return None

    def charge(self, v: Value, x: Value, later: Callable[[Value], Value]) -> Value:
        """The state of one lane, before the output is made.

        ``later`` puts a register into the way of a value: one pipeline stage more.
        """
        raise AssertionError(f"{type(self).__name__} does not say how it charges")

    def settle(self, h: Value, constant: Value,
               later: Callable[[Value], Value]) -> tuple[Value, Value]:
        """Output and next state of one lane, of which :meth:`constants` knows ``constant``."""
        return h, h

    def area(self) -> Budget:
        """Estimated resources, without constants."""
        state, lanes = self.state.bits, self.a.lanes
        need = logic(60, 40 + lanes * self.reading * self.a.tensor.interval.bits)
        if self.rounds == 1:
            return need  # no state is kept
        return need + logic(2 * lanes * state, lanes * state) + ram(lanes * state, self.period)

    def timing(self, images: np.ndarray) -> "RecurrenceTiming":
        """When the component does what on input ``images``, ``[N, T, C, H, W]``."""
        return RecurrenceTiming(self, len(images))

    def elaborate(self, platform):
        m = Module()
        lanes, state = self.a.lanes, shape_of(self.state)
        step, taken = Signal(), Signal()
        beat, beat_ends = counter(m, self.period, taken, "beat")
        if self.ready_next is None:
            m.d.comb += step.eq(~self.o.valid | self.o.ready)
        m.d.comb += [
            self.i.ready.eq(step & self._opened(m, step, taken & beat_ends)),
            taken.eq(self.i.valid & self.i.ready),
        ]
        at, first = self._tags(m, step, taken, beat, beat_ends)
        enters, charges, settles = self._moves(m, step, at[-1])

        def later(value):
            register = Signal(value.shape(), name="later")
            with m.If(enters):
                m.d.sync += register.eq(value)
            return register

        # Constants are asked for two steps before they are needed.
        ahead = self.reading + self.charging - 2
        asking = step & at[ahead - 1].valid if ahead else taken
        constants = self.constants(m, step, asking)
        x = self.i.payload
        for _ in range(self.reading):
            x = later(x)
        h = Signal(data.ArrayLayout(state, lanes))
        v, settled = Signal.like(h), Signal.like(h)
        for lane in range(lanes):
            charged = self.charge(v[lane], x[lane], later)
            output, settled_lane = self.settle(
                h[lane], None if constants is None else constants[lane], later)
            m.d.comb += settled[lane].eq(settled_lane)
            with m.If(charges):
                m.d.sync += h[lane].eq(charged)
            with m.If(settles):
                m.d.sync += self.o.p[lane].eq(output)
        if self.rounds > 1:
            m.d.comb += v.eq(Mux(first, 0, self._kept(m, step, beat, at[-1], settled)))
        return m

    def _moves(self, m, step, last):
        """Whether inputs, potentials and outputs move."""
        if self.ready_next is None:
            return step, step, step
        comes = last.valid & (self.every | last.last)
        first, *others = moves(m, self.o.valid, comes, self.ready_next, 4)
        m.d.comb += step.eq(first)
        return others

    def _opened(self, m, step, round_ends):
        """Whether a beat may enter: after a short round none does until its states are there."""
        open_ = Signal(init=1)
        if self.rounds > 1 and self.period < self.LOOP:
            pause = Signal(range(self.LOOP))
            with m.If(round_ends):
                m.d.sync += [pause.eq(self.LOOP - self.period), open_.eq(0)]
            with m.Elif(step & ~open_):
                m.d.sync += [pause.eq(pause - 1), open_.eq(pause == 1)]
        return open_

    def _tags(self, m, step, taken, beat, beat_ends):
        """What is known of the beat in each stage; and whether that which is charged is of a first
        round.

        Rounds are counted as beats leave the first stage: what is taken is known late.
        """
        entered = Signal(data.StructLayout({"valid": 1, "ends": 1, "beat": beat.shape()}),
                         name="stage0")
        tags = data.StructLayout({"valid": 1, "first": 1, "last": 1, "beat": beat.shape()})
        behind = [Signal(tags, name=f"stage{n}") for n in range(1, self.LATENCY - 1)]
        round_done, first = Signal(), Signal(init=1)
        m.d.comb += round_done.eq(step & entered.valid & entered.ends)
        _, last = counter(m, self.rounds, round_done, "turn")
        with m.If(round_done):
            m.d.sync += first.eq(last)
        with m.If(step):
            m.d.sync += [
                entered.valid.eq(taken), entered.ends.eq(beat_ends), entered.beat.eq(beat),
                behind[0].valid.eq(entered.valid), behind[0].first.eq(first),
                behind[0].last.eq(last), behind[0].beat.eq(entered.beat),
                *(after.eq(before) for before, after in pairwise(behind)),
                self.o.valid.eq(behind[-1].valid & (self.every | behind[-1].last)),
            ]
        return [entered, *behind], first if self.reading == 1 else behind[0].first

    def _kept(self, m, step, beat, last, settled):
        """The states of a beat, as its last round left them; those of the last stage are kept."""
        m.submodules.state = memory = Memory(width=len(settled.as_value()), depth=self.period)
        m.d.comb += [
            memory.read_en.eq(step),
            memory.read_addr.eq(beat),
            memory.write_en.eq(step & last.valid),
            memory.write_addr.eq(last.beat),
            memory.write_data.eq(settled),
        ]
        read = memory.read_data
        if self.reading > 1:
            read = Signal.like(memory.read_data, reset_less=True)
            with m.If(step):
                m.d.sync += read.eq(memory.read_data)
        return read
