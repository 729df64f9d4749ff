# amaranth: UnusedElaboratable=no
"""Pipelines that move as a whole: every cycle as modelled, whatever comes late or is taken late."""

from itertools import chain, repeat
from random import Random

import pytest

from hdl.layout import Layout
from hdl.ops.gate import GateLanes
from hdl.ops.head_sum import HeadSumLanes
from hdl.ops.lif import LifLanes
from hdl.ops.parallel_neuron import ParallelNeuronLanes
from hdl.ops.time_sum import TimeSumLanes
from hdl.wires import Wire, play
from ir.ops import Gate, HeadSum, Lif, ParallelNeuron, TimeSum
from tests.ops.bench import check, draw, tensor

KIND = tensor(3, 4, 2, 2, -9, 9)
TAU_10 = Lif(threshold=[4] * 4, keep=9, divisor=10)
PARALLEL = ParallelNeuron(weight=[[1, 2, 3]] * 3, threshold=[[4] * 4] * 3)
CASES = {
    "neuron": (LifLanes, TAU_10, [Layout(KIND, 4, 2)]),
    "neuron that waits": (LifLanes, TAU_10, [Layout(KIND, 1, 1)]),
    "sum over time": (TimeSumLanes, TimeSum(), [Layout(KIND, 4, 1)]),
    "sum over heads": (HeadSumLanes, HeadSum(heads=2), [Layout(KIND, 2, 1)]),
    "parallel neuron": (ParallelNeuronLanes, PARALLEL, [Layout(KIND, 2, 1)]),
    "gate": (GateLanes, Gate(), [Layout(KIND, 2, 1), Layout(tensor(3, 2, 1, 1), 1, 1)]),
}


def gaps(seed: int, most: int) -> list[int]:
    rng = Random(seed)
    return [rng.choice((0, 0, 0, 1, 3, most)) for _ in range(400)]


def source(wire, beats, late):
    """Offers a beat so many cycles after the last one was taken."""
    for beat in range(beats):
        yield from wire.taken(beat - 1)
        wire.offer((wire.takes[-1] + 1 if beat else 0) + late[beat])


def sink(wire, beats, late):
    """Takes a beat so many cycles after the last one, when it is offered."""
    for beat in range(beats):
        yield from wire.offered(beat)
        wire.take((wire.takes[-1] + 1 if beat else 0) + late[beat])


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", range(4))
def test_cycles_under_stalls_equal_the_model(name, seed):
    component, op, layouts = CASES[name]
    dut = component(op, *layouts)
    ports = ["i"] if len(layouts) == 1 else ["a", "b"]
    images = [draw(n, layout.tensor, 3) for n, layout in enumerate(layouts)]
    # two inputs share one series of gaps in simulation: theirs stay without any
    late_in = gaps(seed, 9) if len(layouts) == 1 else [0] * 400
    late_out = gaps(seed + 10, 30)
    arrivals, departures = (chain(late, repeat(0)) for late in (late_in, late_out))
    outcome = check(dut, op, dict(zip(ports, zip(layouts, images, strict=True), strict=True)),
                    in_gap=lambda: next(arrivals), out_gap=lambda: next(departures))

    wires, o = [Wire() for _ in ports], Wire()
    beats = [len(data) * layout.image_beats for layout, data in zip(layouts, images, strict=True)]
    left = len(images[0]) * dut.out.image_beats
    play([*dut.timing(*images).processes(*wires, o), sink(o, left, late_out),
          *(source(wire, count, late_in) for wire, count in zip(wires, beats, strict=True))],
         [*wires, o])
    assert o.takes == outcome.cycles
    assert {port: wire.takes for port, wire in zip(ports, wires, strict=True)} == outcome.taken
    assert len(outcome.cycles) == left > 0
