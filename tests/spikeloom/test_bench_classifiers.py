"""Classifiers for other tools: what is trained, and where their figures stand."""

from dataclasses import replace

import numpy as np

from flows import get_target
from golden.data import load
from spikeloom.bench.classifiers import beside
from spikeloom.bench.mlp import accuracy_of, black_and_white, train_int8, train_ternary
from spikeloom.bench.placed import TARGET, WithMultipliers
from spikeloom.bench.row import Peer, Row


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


def row(name: str, value: float | None = 7.0, **others) -> Row:
    return Row(name=name, value=value, unit="LUT us", how="so", **others)


def classifier(name: str, value: float | None, accuracy: float) -> Row:
    return row(f"classifier/{name}", value, figures={
        "accuracy": accuracy, "luts": 3000, "fmax_mhz": 60.0, "interval_cycles": 25})


def test_rows_of_mnist_name_other_tools_classifiers():
    others = [classifier("a", 70.0, 0.98), row("classifier/b", None)]
    ours, linear = row("area-time/mnist-fast"), row("linear/32x32", peers=(Peer("c", 1.0, "d"),))
    found = beside([ours, linear, *others])
    assert [str(peer) for peer in found[0].peers] == [
        "a: 70 (98.00% right, 3,000 LUT, 60.0 MHz, 25 cycles)", "b: so"]
    assert found[0].ratios == {"a": 0.1}
    assert found[1:] == [linear, *others]
    assert beside([ours, linear]) == [ours, linear]


def test_one_row_is_to_be_below_every_tool_that_is_accurate_enough():
    ours = row("area-time/mnist-small", figures={"accuracy": 0.9874})
    others = [classifier("a", 70.0, 0.98), classifier("b", 3.5, 0.981), classifier("c", 1.0, 0.97)]
    won, lost = beside([ours, *others[::2]])[1], beside([ours, *others])[1]
    assert (won.name, won.value, won.met) == ("area-time/mnist-small/peers", 0.1, True)
    assert (lost.value, lost.met) == (2.0, False)
    assert "over classifier/b" in lost.how and "98.74% are right of ours" in lost.how
    for rows, why in (([*others, row("classifier/d", None)], "without a figure is classifier/d"),
                      ([others[2]], "no other tool's is 98% right")):
        missing = beside([ours, *rows])[1]
        assert (missing.value, missing.met) == (None, False)
        assert why in missing.how
    assert beside([replace(ours, value=None), *others])[1].value is None
