"""A network with every operator in Verilog, on frames of events, against golden."""

import numpy as np
import pytest

from golden.run import trace
from hdl.solve import solve
from hdl.timing import timing
from ir import Budget
from spikeloom.design import Design
from tests.ir.field import field_graph

PLENTY = Budget(luts=80_000, ffs=80_000, brams=200, dsps=100)


def frames(count: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    shape = (count, *field_graph().image.shape)
    return (rng.integers(0, 16, shape) * (rng.random(shape) < 0.4)).astype(np.uint8)


def test_every_operator_together():
    """All in one test: the circuit is compiled once."""
    graph, images = field_graph(1), frames(30)
    tensors = trace(graph, images)
    # a network of silence proves nothing
    silent = [name for name, values in tensors.items() if not values.any()]
    assert not silent
    design = Design(graph, solve(graph, PLENTY, tensors=tensors))
    found = design.verify(images, trace_images=len(images))
    assert found.mismatches == 0, found.first_difference
    assert found.values_compared >= len(images) * sum(
        kind.values for kind in graph.types.values())
    modelled = timing(graph, design.foldings, tensors)
    assert modelled.cycles_per_image == pytest.approx(
        design.simulate(images, processes=1).cycles_per_image, rel=0.02)
