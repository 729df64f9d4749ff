"""Runs a component on whole images in Amaranth's simulator: values, and the cycles of each beat."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from amaranth.sim import Simulator

from golden.ops import KERNELS
from hdl.layout import Layout
from ir.tensors import Interval, TensorType
from sim.streams import receive, send

__all__ = ["Outcome", "beats_of", "check", "draw", "golden", "spikes", "tensor"]


def tensor(steps: int, channels: int, height: int, width: int, low: int = 0,
           high: int = 1) -> TensorType:
    return TensorType(steps=steps, channels=channels, height=height, width=width,
                      interval=Interval(low, high))


def draw(rng: np.random.Generator, kind: TensorType, images: int, rate: float = 0.3,
         special: tuple[int, ...] = ()) -> np.ndarray:
    """Images of ``kind``: mostly zeros for unsigned ones, mixed with extremes and ``special``."""
    shape = (images, *kind.shape)
    values = rng.integers(kind.interval.low, kind.interval.high + 1, shape)
    if not kind.interval.signed:
        values = values * (rng.random(shape) < rate)
    choices = np.array([kind.interval.low, kind.interval.high, *special])
    return np.where(rng.random(shape) < 0.2, rng.choice(choices, shape), values) \
        if special or kind.interval.signed else values


def spikes(rng: np.random.Generator, kind: TensorType, images: int, rate: float) -> np.ndarray:
    return (rng.random((images, *kind.shape)) < rate).astype(np.int64)


def beats_of(layout: Layout, images: np.ndarray) -> list[list[int]]:
    """All beats of images ``[N, T, C, H, W]`` in the order of the wire."""
    flat = images.reshape(*images.shape[:3], -1)
    return [flat[n, step, first:first + layout.lanes, position].tolist()
            for n in range(len(images)) for position, step, first in layout.order()]


def golden(op, *inputs: np.ndarray) -> np.ndarray:
    return KERNELS[type(op)](op, *(torch.from_numpy(i.astype(np.int64)) for i in inputs)).numpy()


@dataclass
class Outcome:
    """Beats that came out, the cycle of each, and how many values were compared."""

    beats: list
    cycles: list[int]
    compared: int


def check(dut, inputs: Mapping[str, tuple[Layout, np.ndarray]], op, *, in_gap=0, out_gap=0,
          deadline: int = 200_000) -> Outcome:
    """Run images through ``dut`` and compare every value with golden; cycle 0 is the first input.

    Fails when beats are missing, differ, or are left over at the end.
    """
    expected = beats_of(dut.out, golden(op, *(images for _, images in inputs.values())))
    beats, cycles, now = [], [], [0]

    def producer(name, layout, images):
        async def run(ctx):
            await send(ctx, getattr(dut, name), beats_of(layout, images), gap=in_gap)
        return run

    async def consumer(ctx):
        for _ in expected:
            beats.extend(await receive(ctx, dut.o, 1, gap=out_gap))
            cycles.append(now[0] - 1)
        await ctx.tick().repeat(40)
        assert not ctx.get(dut.o.valid), "more beats came out than were expected"

    async def clock(ctx):
        while True:
            await ctx.tick()
            now[0] += 1

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(clock, background=True)
    for name, (layout, images) in inputs.items():
        simulator.add_testbench(producer(name, layout, images))
    simulator.add_testbench(consumer)
    simulator.run_until(1e-6 * deadline)
    assert len(beats) == len(expected), f"only {len(beats)} of {len(expected)} beats came out"
    wrong = [n for n, (got, wanted) in enumerate(zip(beats, expected, strict=True))
             if list(got) != wanted]
    assert not wrong, f"beat {wrong[0]}: expected {expected[wrong[0]]}, got {beats[wrong[0]]}"
    compared = sum(len(beat) for beat in expected)
    assert compared, "nothing was compared"
    return Outcome(beats, cycles, compared)
