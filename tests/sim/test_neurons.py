"""Membranes and spikes inside a circuit, beside golden's."""

import shutil
from fractions import Fraction

import numpy as np
import pytest

from golden.run import potentials, trace
from hdl.solve import solve
from ir import Budget, Encoding, Graph, Node, pixels
from ir.ops import Conv, LevelLif, Lif, Repeat, Reset, TimeSum, TokenSum
from sim.neurons import record
from spikeloom.design import Design

IMAGE = np.array([[[250, 90], [160, 20]]], np.uint8)
NEURONS = ("first", "second")


def graph() -> Graph:
    """Neurons that leak and lose their threshold, and neurons of two levels."""
    rng = np.random.default_rng(7)

    def conv(inputs: int, outputs: int) -> Conv:
        return Conv(weight=rng.integers(-3, 8, (outputs, inputs, 1, 1)), weight_bits=4,
                    bias=rng.integers(0, 10, outputs), shift=np.zeros(outputs, int))

    levels = np.sort(rng.integers(2, 9, (2, 4)), 0)
    return Graph("neurons", pixels(1, 2, 2), (
        Node("stem", conv(1, 4), ("image",)),
        Node("current", Repeat(steps=3), ("stem",)),
        Node("first", Lif(threshold=rng.integers(50, 400, 4), keep=3, divisor=4,
                          reset=Reset.BY_THRESHOLD), ("current",)),
        Node("inner", conv(4, 4), ("first",)),
        Node("second", LevelLif(threshold=levels, spacing=levels[0], keep=1, divisor=2),
             ("inner",)),
        Node("tokens", TokenSum(), ("second",)),
        Node("counts", TimeSum(), ("tokens",)),
        Node("head", conv(4, 3), ("counts",)),
    ), Encoding(scale=Fraction(1, 255), mean=(0.0,), std=(1.0,)), {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A circuit of several lanes."""
    net = graph()
    place = tmp_path_factory.mktemp("neurons") / "rtl"
    plenty = Budget(luts=80_000, ffs=80_000, brams=200, dsps=100)
    Design(net, solve(net, plenty, tensors=trace(net, IMAGE[None]))).write(place)
    return place


def test_membranes_and_spikes_are_golden_s(folder):
    found = record(folder, IMAGE)
    assert [layer.name for layer in found.layers] == list(NEURONS)
    assert found.values_compared == 2 * 2 * 3 * 4 * 4
    assert found.mismatches == 0, found.first_difference
    for layer in found.layers:
        for golden, circuit in (layer.spikes, layer.membrane):
            assert (golden == circuit).all() and np.ptp(golden) > 0


def test_a_wrong_threshold_is_seen_in_spikes_first_and_membranes_later(folder, tmp_path):
    """A membrane before its first spike knows nothing of thresholds."""
    shutil.copytree(folder, tmp_path / "rtl")
    (path,) = (tmp_path / "rtl" / "memory").glob("first_threshold*.hex")
    path.write_text("".join(f"{1:0{len(word)}x}\n" for word in path.read_text().split()))
    found = record(tmp_path / "rtl", IMAGE)
    first = found.layers[0]
    assert found.mismatches > 0 and found.first_difference is not None
    assert (first.membrane[0][0] == first.membrane[1][0]).all()
    assert (first.spikes[0][0] != first.spikes[1][0]).any()
    assert (first.membrane[0][1] != first.membrane[1][1]).any()
    assert (found.first_difference.node, found.first_difference.step) == ("first.membrane", 1)


def test_golden_s_membranes_are_as_the_specs_say():
    """Written out as a loop over one neuron, apart from the kernels."""
    net = graph()
    tensors = trace(net, IMAGE[None])
    found = potentials(net, tensors)
    assert found.keys() == set(NEURONS)
    ops = {node.name: node.op for node in net.nodes}
    for name, current in (("first", "current"), ("second", "inner")):
        op = ops[name]
        x, v = tensors[current][0, :, 3, 1, 0].tolist(), 0
        for step in range(3):
            h = (op.keep * v + op.drive * x[step]) // op.divisor
            assert found[name][0, step, 3, 1, 0] == h
            v = h - int(tensors[name][0, step, 3, 1, 0]) * int(
                op.threshold[3] if name == "first" else op.spacing[3])
