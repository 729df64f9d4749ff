"""A folded network on packed pixels in Verilog against golden: every tensor, cycles, packets of
the wrong length, resets."""

from fractions import Fraction

import numpy as np
import pytest

from golden.run import trace
from hdl.ops import ConvFolding, ConvForm
from hdl.timing import timing
from ir import Encoding, Graph, Interval, Node, TensorType
from ir.ops import Lif, TokenSum
from sim.benches.run import run_benches
from spikeloom.design import Design
from tests.ir.graphs import random_conv

IMAGES = np.random.default_rng(5).integers(0, 2, (16, 1, 6, 28), dtype=np.uint8)


@pytest.fixture(scope="module")
def design():
    """Rows of 28 pixels of a bit, a beat each; a position per cycle, but for a layer by tables."""
    rng = np.random.default_rng(0)
    image = TensorType(steps=1, channels=1, height=6, width=28, interval=Interval(0, 1))
    graph = Graph("rows", image, (
        Node("stem", random_conv(rng, 1, 4, 3, padding=1, stride=2), ("image",)),
        Node("stem_lif", Lif(threshold=rng.integers(1, 9, 4)), ("stem",)),
        Node("down", random_conv(rng, 4, 4, 3, padding=1, stride=2), ("stem_lif",)),
        Node("down_lif", Lif(threshold=rng.integers(1, 9, 4)), ("down",)),
        Node("patch", random_conv(rng, 4, 4, 2, stride=2), ("down_lif",)),
        Node("patch_lif", Lif(threshold=rng.integers(1, 9, 4)), ("patch",)),
        Node("mixed", random_conv(rng, 4, 6), ("patch_lif",)),
        Node("mixed_lif", Lif(threshold=rng.integers(1, 9, 6)), ("mixed",)),
        Node("pool", TokenSum(), ("mixed_lif",)),
        Node("head", random_conv(rng, 6, 3), ("pool",)),
        ), Encoding(scale=Fraction(1), mean=(0.0,), std=(1.0,)), {})
    wide = {"form": ConvForm.FOLDED, "lanes": 4, "drain": 4}
    return Design(graph, {
        "stem": ConvFolding(**wide, scan=28),
        "down": ConvFolding(form=ConvForm.FOLDED, lanes=4, drain=2, scan=4),
        "patch": ConvFolding(**wide, scan=2),
        "mixed": ConvFolding(form=ConvForm.TABLES, lanes=6, drain=2, scan=4),
        "head": ConvFolding(form=ConvForm.FOLDED, lanes=1, drain=1, scan=2)})


def test_every_tensor_equals_golden_and_cycles_the_model(design):
    found = design.verify(IMAGES, trace_images=len(IMAGES))
    assert found.mismatches == 0, found.first_difference
    assert found.values_compared >= len(IMAGES) * sum(
        kind.values for kind in design.graph.types.values())
    measured = design.simulate(IMAGES, processes=1).cycles_per_image
    modelled = timing(design.graph, design.foldings, trace(design.graph, IMAGES))
    assert modelled.cycles_per_image == pytest.approx(measured, rel=0.02)
    assert modelled.bound_cycles_per_image < IMAGES[0].size / 2


def test_packets_of_the_wrong_length_and_resets_do_no_harm(design, tmp_path):
    design.write(tmp_path / "rtl")
    found = run_benches(tmp_path / "rtl", IMAGES[:3], benches=["packets", "resets"])
    assert (found.passed, found.failures) == (13, ())
