"""Classifiers for other tools: what is trained, and where their figures stand."""

import numpy as np

from flows import get_target
from golden.data import load
from spikeloom.bench.mlp import accuracy_of, black_and_white, train_int8, train_ternary
from spikeloom.bench.placed import TARGET, WithMultipliers
from spikeloom.bench.row import NotMeasured, Row
from spikeloom.bench.run import Check
from spikeloom.bench.table import beside


def test_what_is_trained_classifies_as_integers():
    data = load("digits")
    pixels = (data.test_images >> 1).reshape(len(data.test_images), -1).astype(np.int64)
    int8 = train_int8(data, hidden=32, epochs=15)
    assert accuracy_of(int8, pixels, data.test_labels) > 0.75
    assert all(np.abs(layer.weight).max() == 127 for layer in int8)

    ternary = train_ternary(data, hidden=64, inputs=12, share=0.5, epochs=30)
    bits = black_and_white(data.test_images).reshape(pixels.shape)
    assert accuracy_of(ternary, bits, data.test_labels) > 0.45
    assert [set(np.count_nonzero(layer.weight, axis=1)) for layer in ternary] == [{12}, {32}]
    assert all(np.abs(layer.weight).max() == 1 for layer in ternary)


def test_other_tools_may_take_multipliers():
    assert "-nodsp" not in " ".join(WithMultipliers().mapping(get_target(TARGET)))


def test_rows_of_mnist_name_other_tools_classifiers():
    def row(name: str, **others) -> Row:
        return Row(name=name, value=7.0, unit="LUT us", how="so", **others)

    measured = row("classifier/a", figures={"accuracy": 0.98, "luts": 3000, "fmax_mhz": 60.0,
                                            "interval_cycles": 25})
    missing = Check(name="classifier/b", unit="LUT us", goal=None,
                    measure=lambda setting: measured).failed(str(NotMeasured("it rains")))
    ours, other = row("area-time/mnist-small"), row("linear/32x32", peer="c")
    found = beside([ours, other, measured, missing])
    assert found[0].peer == ("a: 7 LUT us, 98.00% right (3,000 LUT, 60.0 MHz, 25 cycles); "
                             "b: not measured: it rains")
    assert found[1:] == [other, measured, missing]
    assert beside([ours, other]) == [ours, other]
