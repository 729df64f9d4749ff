"""Runs a component on whole images in Amaranth's simulator: values, and the cycles of each beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from random import Random

import numpy as np
import torch
from amaranth.sim import Simulator

from golden.ops import KERNELS
from hdl.layout import Layout
from hdl.wires import Wire, play
from ir.tensors import Interval, TensorType
from sim.streams import receive, send

__all__ = ["Outcome", "beats_of", "check", "check_timing", "draw", "golden", "stalls", "tensor"]

Inputs = Mapping[str, tuple[Layout, np.ndarray]]


def tensor(steps: int, channels: int, height: int, width: int, low: int = 0,
           high: int = 1) -> TensorType:
    return TensorType(steps=steps, channels=channels, height=height, width=width,
                      interval=Interval(low, high))


def draw(seed: int, kind: TensorType, images: int, rate: float = 0.4,
         special: tuple[int, ...] = ()) -> np.ndarray:
    """Images of ``kind``: unsigned ones at a rate, signed ones mixed with extremes and ``special``.

    Plain integers almost never land on a threshold, where the mistakes are.
    """
    rng = np.random.default_rng(seed)
    shape, interval = (images, *kind.shape), kind.interval
    values = rng.integers(interval.low, interval.high + 1, shape)
    if not interval.signed:
        return np.where(rng.random(shape) < rate, values, 0)
    choices = np.array([interval.low, 0, interval.high, *special])
    return np.where(rng.random(shape) < 0.5, rng.choice(choices, shape), values)


def stalls(seed: int):
    """Idle cycles before each transfer, mostly none."""
    rng = Random(seed)
    return lambda: rng.choice((0, 0, 0, 1, 3))


def beats_of(layout: Layout, images: np.ndarray) -> list[list[int]]:
    """All beats of images ``[N, T, C, H, W]`` in the order of the wire."""
    flat = images.reshape(*images.shape[:3], -1)
    if layout.positions > 1:
        wire = flat[:, 0].transpose(0, 2, 1)
        return wire.reshape(-1, layout.positions * layout.lanes).tolist()
    return [flat[n, step, first:first + layout.lanes, position].tolist()
            for n in range(len(images)) for position, step, first in layout.order()]


def golden(op, *inputs: np.ndarray) -> np.ndarray:
    return KERNELS[type(op)](op, *(torch.from_numpy(i.astype(np.int64)) for i in inputs)).numpy()


@dataclass
class Outcome:
    """The cycle of each beat out and in, and how many values were compared."""

    cycles: list[int]
    taken: dict[str, list[int]]
    compared: int


def check(dut, op, inputs: Inputs, *, in_gap=0, out_gap=0, deadline: int = 20_000) -> Outcome:
    """Run images through ``dut`` and compare every value with golden; cycle 0 is the first input.

    Fails when beats are missing (a deadlock must fail, not hang), differ, or are left over.
    """
    expected = beats_of(dut.out, golden(op, *(images for _, images in inputs.values())))
    beats, cycles, now = [], [], [0]
    taken = {name: [] for name in inputs}

    def producer(name, layout, images):
        async def run(ctx):
            await send(ctx, getattr(dut, name), beats_of(layout, images), gap=in_gap)
        return run

    async def consumer(ctx):
        for _ in expected:
            beats.extend(await receive(ctx, dut.o, 1, gap=out_gap))
            cycles.append(now[0] - 1)
        await ctx.tick().repeat(30)
        assert not ctx.get(dut.o.valid), "more beats came out than were expected"

    async def clock(ctx):
        ports = [getattr(dut, name) for name in inputs]
        moves = [port.valid & port.ready for port in ports]
        while True:
            _, _, *moved = await ctx.tick().sample(*moves)
            for name, took in zip(inputs, moved, strict=True):
                taken[name] += [now[0]] * took
            now[0] += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(clock, background=True)
    for name, (layout, images) in inputs.items():
        simulator.add_testbench(producer(name, layout, images))
    simulator.add_testbench(consumer)
    while now[0] < deadline and simulator.advance():
        pass
    assert len(beats) == len(expected), f"only {len(beats)} of {len(expected)} beats came out"
    wrong = [n for n, (got, wanted) in enumerate(zip(beats, expected, strict=True))
             if list(got) != wanted]
    assert not wrong, f"beat {wrong[0]}: expected {expected[wrong[0]]}, got {beats[wrong[0]]}"
    compared = sum(len(beat) for beat in expected)
    assert compared, "nothing was compared"
    return Outcome(cycles, taken, compared)


def check_timing(dut, op, inputs: Inputs, *, pause: int = 0) -> None:
    """The cycle of every beat in and out is what the cost model says.

    Nothing stalls from outside, but the first beat out is not taken before cycle ``pause``: what
    buffers hold then leaves at once, and shows how they fill again.
    """
    gaps = chain((pause,), repeat(0))
    outcome = check(dut, op, inputs, out_gap=lambda: next(gaps))
    images = [images for _, images in inputs.values()]
    wires, o = {name: Wire() for name in inputs}, Wire()
    for name, (layout, data) in inputs.items():
        wires[name].offers.extend(range(len(data) * layout.image_beats))

    def sink():
        for beat in range(len(images[0]) * dut.out.image_beats):
            yield from o.offered(beat)
            o.take(o.takes[-1] + 1 if beat else pause)

    play([*dut.timing(*images).processes(*wires.values(), o), sink()], [*wires.values(), o])
    for name, model, came in (("o", o.takes, outcome.cycles),
                              *((n, wire.takes, outcome.taken[n]) for n, wire in wires.items())):
        assert model == came, next(
            f"beat {n} of {name}: the model says cycle {said}, it moved in {moved}"
            for n, (said, moved) in enumerate(zip(model, came, strict=True)) if said != moved)
