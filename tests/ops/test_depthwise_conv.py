"""Depthwise convolution in hardware against golden: any window, cut, stalls; its cycles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.ops.depthwise_conv import DepthwiseConvLanes
from ir.ops import DepthwiseConv
from tests.ops.bench import check, check_timing, draw, stalls
from tests.ops.windows import CUTS, WINDOWS, layout

KINDS = {"spikes": (0, 1), "counts": (0, 5), "currents": (-30000, 32000)}


def make(window, seed=0, channels=4, weight_bits=5, **changes):
    kernel, stride, padding = window
    rng, limit = np.random.default_rng(seed), 1 << weight_bits - 1
    weight = rng.integers(-limit, limit, (channels, kernel, kernel))
    weight[0], weight[-1] = -limit, limit - 1
    return DepthwiseConv(**{
        "weight": weight, "bias": rng.integers(-20, 20, channels),
        "shift": rng.integers(0, 3, channels), "weight_bits": weight_bits, "stride": stride,
        "padding": padding, **changes})


def prepare(op, shape, cut, kind, seed=1):
    a = layout(shape, cut, *kind)
    # Every value the greatest or the least at times: the sums reach their ends.
    images = draw(seed, a.tensor, 3)
    images[1], images[2] = kind
    return DepthwiseConvLanes(op, a), op, {"i": (a, images)}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_matches_golden_under_stalls(window, kind):
    window, shape = window
    dut, op, inputs = prepare(make(window), shape, (4, 2), kind)
    check(dut, op, inputs, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_cycles_equal_the_cost_model(window):
    window, shape = window
    for cut, kind in zip(CUTS, (*KINDS.values(), (0, 1)), strict=True):
        check_timing(*prepare(make(window), shape, cut, kind), pause=200)


PARAMETERS = {
    "none": {"bias": [0] * 4, "shift": [0] * 4},
    "one shift": {"bias": [0] * 4, "shift": [2] * 4},
    "shifts": {"bias": [0] * 4, "shift": [0, 1, 5, 1]},
    "biases": {"bias": [-7, 0, 300, 1], "shift": [1] * 4},
    "both": {"bias": [-7, 0, 300, 1], "shift": [0, 1, 5, 1]},
}


@pytest.mark.parametrize("kind", [(0, 1), (-7, 7)], ids=["spikes", "currents"])
@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
def test_any_parameters_give_value_and_cycle(parameters, kind):
    for window in ((1, 1, 0), (2, 1, 1)):
        check_timing(*prepare(make(window, **parameters), (2, 4, 2, 2), (2, 1), kind))


def test_a_gain_per_channel_takes_a_beat_per_cycle():
    dut, op, inputs = prepare(make((1, 1, 0)), (2, 4, 3, 3), (4, 2), (-30000, 32000))
    cycles = check(dut, op, inputs).cycles
    assert cycles == list(range(cycles[0], cycles[0] + 3 * dut.out.image_beats))
    assert dut.timing(inputs["i"][1]).service() == dut.out.image_beats


@settings(max_examples=15)
@given(kernel=st.integers(1, 7), stride=st.integers(1, 4), seed=st.integers(0, 1000),
       steps=st.integers(1, 2), cut=st.sampled_from(CUTS), bits=st.sampled_from((1, 4, 16)),
       kind=st.sampled_from(list(KINDS.values())))
def test_any_window_matches_golden(kernel, stride, seed, steps, cut, bits, kind):
    padding = seed % kernel
    size = max(2, kernel - 2 * padding)
    op = make((kernel, stride, padding), seed, weight_bits=bits)
    case = op, (steps, 4, size, size + 1), cut, kind, seed
    dut, op, inputs = prepare(*case)
    check(dut, op, inputs, in_gap=stalls(seed), out_gap=stalls(seed + 1))
    check_timing(*prepare(*case))
