# amaranth: UnusedElaboratable=no
"""A folded network on packed pixels in Verilog against golden: every tensor, cycles, packets of
the wrong length, resets."""

from fractions import Fraction

import numpy as np
import pytest

from golden.run import trace
from hdl.ahead import Ahead
from hdl.folding import pins_of
from hdl.lowering import Lowering
from hdl.mask_attention_tokens import MaskAttentionTokens
from hdl.network import Network
from hdl.ops import ConvFolding, ConvForm
from hdl.pins import check_pins
from hdl.solve import find
from hdl.timing import timing
from ir import Budget, Encoding, Graph, Interval, Node, TensorType
from ir.ops import Add, Concat, Lif, MaskAttention, Slice, TokenSum
from sim.benches.run import run_benches
from spikeloom.design import Design
from tests.ir.graphs import random_conv

PLENTY = Budget(luts=80_000, ffs=80_000, brams=200, dsps=100)
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


def test_neurons_of_all_channels_at_once_are_told_ahead(design):
    network = Network(design.graph, design.foldings)
    network.elaborate(None)
    told = {name for name, component in network.components.items()
            if isinstance(component, Ahead) and component.ready_next is not None}
    assert told == {"stem_lif", "patch_lif"}


def test_every_tensor_equals_golden_and_cycles_the_model(design):
    found = design.verify(IMAGES, trace_images=len(IMAGES))
    assert found.mismatches == 0, found.first_difference
    assert found.values_compared >= len(IMAGES) * sum(
        kind.values for kind in design.graph.types.values())
    measured = design.simulate(IMAGES, processes=1).cycles_per_image
    modelled = timing(design.graph, design.foldings, trace(design.graph, IMAGES))
    assert modelled.cycles_per_image == pytest.approx(measured, rel=0.02)
    assert modelled.bound_cycles_per_image < IMAGES[0].size / 2


@pytest.fixture(scope="module")
def transformer():
    """A block of attention and MLP side by side, folded for a position per cycle."""
    rng = np.random.default_rng(1)
    image = TensorType(steps=1, channels=1, height=28, width=28, interval=Interval(0, 1))

    def lif(channels):
        return Lif(threshold=rng.integers(1, 9, channels))

    graph = Graph("tokens", image, (
        Node("stem", random_conv(rng, 1, 8, 12, stride=8), ("image",)),
        Node("stem_lif", lif(8), ("stem",)),
        Node("wide", random_conv(rng, 8, 20), ("stem_lif",)),
        Node("wide_lif", lif(20), ("wide",)),
        Node("qkv", Slice(start=0, stop=12), ("wide_lif",)),
        Node("hidden", Slice(start=12, stop=20), ("wide_lif",)),
        Node("attention", MaskAttention(), ("qkv",)),
        Node("both", Concat(), ("attention", "hidden")),
        Node("out", random_conv(rng, 12, 8), ("both",)),
        Node("sum", Add(), ("stem", "out")),
        Node("head_lif", lif(8), ("sum",)),
        Node("head", random_conv(rng, 8, 5, 3), ("head_lif",)),
        ), Encoding(scale=Fraction(1), mean=(0.0,), std=(1.0,)), {})
    pins = {"head": {"form": ConvForm.SERIAL}}
    return Design(graph, find(graph, PLENTY, fps=3.5e6, clock_mhz=100, pins=pins).foldings)


def test_a_token_takes_a_cycle_and_every_tensor_equals_golden(transformer):
    images = np.random.default_rng(5).integers(0, 2, (12, 1, 28, 28), dtype=np.uint8)
    lowering = Lowering(transformer.graph, transformer.foldings)
    widths = {name: layout.lanes for name, layout in lowering.layouts.items()}
    assert (widths["wide"], widths["qkv"], widths["hidden"], widths["both"]) == (20, 12, 8, 12)
    assert isinstance(lowering.stages["attention"].component, MaskAttentionTokens)
    assert lowering.stages["head"].component.tabled
    fixed = pins_of(transformer.foldings)
    check_pins(fixed, transformer.graph)
    assert find(transformer.graph, PLENTY, pins=fixed).foldings == transformer.foldings
    found = transformer.verify(images, trace_images=len(images))
    assert found.mismatches == 0, found.first_difference
    assert found.values_compared >= len(images) * sum(
        kind.values for kind in transformer.graph.types.values())
    assert transformer.simulate(images, processes=1).cycles_per_image == 28
    modelled = timing(transformer.graph, transformer.foldings, trace(transformer.graph, images))
    assert modelled.cycles_per_image == 28


def test_packets_of_the_wrong_length_and_resets_do_no_harm(design, tmp_path):
    design.write(tmp_path / "rtl")
    found = run_benches(tmp_path / "rtl", IMAGES[:3], benches=["packets", "resets"])
    assert (found.passed, found.failures) == (13, ())
