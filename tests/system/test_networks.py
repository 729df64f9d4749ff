"""Whole networks in Verilog against golden, tensor by tensor; their cycles against the model."""

import numpy as np
import pytest

from golden.run import logits, trace
from hdl.ops import Association
from hdl.solve import least, solve
from hdl.timing import timing
from ir import Budget
from sim.benches.run import run_benches
from sim.pool import Stalls
from sim.run import simulate
from spikeloom.design import Design
from tests.ir.graphs import small_graph

IMAGES = np.random.default_rng(5).integers(0, 256, (24, 1, 4, 4), dtype=np.uint8)
PLENTY = Budget(luts=80_000, ffs=80_000, brams=200, dsps=100)


@pytest.fixture(scope="module", params=["masks", *Association])
def design(request):
    """Folded as small as it can be, or, with self-attention of an association, as fast."""
    if request.param == "masks":
        graph = small_graph(2, channels=6, steps=3)
        return Design(graph, least(graph))
    graph = small_graph(2, channels=6, steps=3, self_attention=True)
    return Design(graph, solve(graph, PLENTY, tensors=trace(graph, IMAGES),
                               pins={"sums": {"association": request.param}}))


def test_every_tensor_equals_golden(design):
    found = design.verify(IMAGES, trace_images=len(IMAGES))
    assert found.mismatches == 0, found.first_difference
    assert found.values_compared >= len(IMAGES) * sum(
        kind.values for kind in design.graph.types.values())


def test_cycles_are_within_two_percent_of_the_model(design):
    measured = design.simulate(IMAGES, processes=1).cycles_per_image
    tensors = trace(design.graph, IMAGES)
    modelled = timing(design.graph, design.foldings, tensors)
    assert modelled.cycles_per_image == pytest.approx(measured, rel=0.02)
    # What is measured runs from the first image's end on, and so few images have different ways
    # from the slowest stage to the end.
    later = {name: values[1:] for name, values in tensors.items()}
    bound = timing(design.graph, design.foldings, later).bound_cycles_per_image
    assert 0.5 * measured < bound <= 1.001 * measured


def test_stalls_on_both_sides_change_nothing(design, tmp_path):
    design.write(tmp_path / "rtl")
    for seed, (source, sink) in enumerate([(0.6, 0.0), (0.0, 0.9), (0.5, 0.8)]):
        found = simulate(tmp_path / "rtl", IMAGES,
                         stalls=Stalls(source=source, sink=sink, seed=seed))
        assert (found.logits == logits(design.graph, IMAGES)).all() and found.logits.size


def test_axi_ports_survive_everything(design, tmp_path):
    """Stalls, back-to-back images, reset in mid-image, short and long packets, registers."""
    design.write(tmp_path / "rtl")
    found = run_benches(tmp_path / "rtl", IMAGES[:3])
    assert found.failed == 0 and found.passed >= 5, found
