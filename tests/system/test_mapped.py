"""What synthesis makes of whole networks, against golden and, cycle for cycle, the Verilog."""

import json
from fractions import Fraction

import numpy as np
import pytest

from golden.run import image_shape
from hdl.solve import least
from ir import Encoding, Graph, Node, pixels
from spikeloom.design import Design
from spikeloom.mapped import KIND, measure_mapped
from tests.ir.graphs import random_conv, small_graph


def measured(graph, target):
    images = np.random.default_rng(5).integers(0, 256, (4, *image_shape(graph)), dtype=np.uint8)
    found = measure_mapped(Design(graph, least(graph)), images, target)
    assert found["values_compared"] == len(images) * (graph.classes + 4)
    assert (found["kind"], found["images"], found["stalled_images"]) == (KIND, 4, 2)
    assert json.loads(json.dumps(found)) == found
    return found


def test_a_network_of_ecp5_cells():
    """One with a block RAM, into which the registers behind it have moved."""
    found = measured(small_graph(2, channels=8, size=3, steps=1), "ulx3s-12f")
    assert found["mismatches"] == 0, found["first_difference"]
    assert found["cells"]["brams"] >= 1 and found["cells"]["luts"] > 1000


@pytest.fixture
def one_layer():
    conv = random_conv(np.random.default_rng(3), 1, 3, 4, 8)
    return Graph("one", pixels(1, 4, 4), (Node("head", conv, ("image",)),),
                 Encoding(scale=Fraction(1, 255), mean=(0.25,), std=(0.5,)), {})


def test_a_layer_of_ice40_cells(one_layer):
    found = measured(one_layer, "icebreaker")
    assert found["mismatches"] == 0, found["first_difference"]
    assert found["cells"]["brams"] >= 1
