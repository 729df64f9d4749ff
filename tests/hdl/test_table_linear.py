# amaranth: UnusedElaboratable=no
"""A linear layer by tables against golden: values under stalls, and its cycles, to the last one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops import ConvFolding, ConvForm
from hdl.ops.conv import conv_lanes
from ir.ops import Conv
from tests.ops.bench import check, check_timing, draw, stalls, tensor
from tests.ops.service import check_service
from tests.ops.test_conv import make

# channels in and out, time steps, lanes of a beat in, channels of a beat out
SHAPES = {"pieces of four": (16, 8, 2, 8, 2), "one group": (8, 6, 1, 8, 6),
          "pieces of two": (12, 9, 3, 6, 3), "single inputs": (9, 10, 1, 3, 2),
          "a beat at once": (8, 12, 2, 8, 3), "slow to leave": (8, 16, 2, 8, 2)}


def built(op, kind, lanes, drain):
    folding = ConvFolding(lanes=op.out_channels, drain=drain, scan=lanes, form=ConvForm.TABLES)
    return conv_lanes(op, Layout(kind, kind.channels, lanes), folding)


def case(name, rate=0.3):
    inputs, outputs, steps, lanes, drain = SHAPES[name]
    op, kind = make(outputs, inputs, 1), tensor(steps, inputs, 2, 3)
    a = Layout(kind, inputs, lanes)
    return built(op, kind, lanes, drain), op, {"i": (a, draw(4, kind, 4, rate))}


@pytest.mark.parametrize("name", SHAPES)
def test_matches_golden_under_stalls(name):
    dut, op, inputs = case(name)
    check(dut, op, inputs, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("rate", [0.1, 0.6])
@pytest.mark.parametrize("name", SHAPES)
def test_cycles_equal_the_cost_model(name, rate):
    dut, op, inputs = case(name, rate)
    check_timing(dut, op, inputs, pause=40)


@pytest.mark.parametrize("name", ["pieces of four", "slow to leave"])
def test_service_is_nearly_what_the_engine_needs_alone(name):
    dut, op, inputs = case(name)
    check_service(dut, op, *inputs["i"], within=0.1)


@settings(max_examples=8)
@given(seed=st.integers(0, 1000), steps=st.integers(1, 3), lanes=st.sampled_from((2, 4, 12)),
       drain=st.sampled_from((1, 3, 6)), rate=st.sampled_from((0.0, 0.2, 1.0)))
def test_any_shape_matches_golden_and_the_cost_model(seed, steps, lanes, drain, rate):
    op, kind = make(6, 12, 1, seed), tensor(steps, 12, 2, 2)
    inputs = {"i": (Layout(kind, 12, lanes), draw(seed, kind, 3, rate))}
    check(built(op, kind, lanes, drain), op, inputs, in_gap=stalls(seed), out_gap=stalls(seed + 1))
    check_timing(built(op, kind, lanes, drain), op, inputs, pause=seed % 50)


@pytest.mark.parametrize("weight", [-8, 7])
def test_sums_reach_the_ends_of_their_interval(weight):
    op = Conv(weight=np.full((2, 8, 1, 1), weight), bias=np.array([3, -5]),
              shift=np.zeros(2, int), weight_bits=4)
    kind = tensor(1, 8, 1, 1)
    images = np.stack([np.full(kind.shape, value) for value in (1, 0, 1)])
    check(built(op, kind, 4, 1), op, {"i": (Layout(kind, 8, 4), images)})


def test_deep_tables_have_fewer_inputs_each():
    pieces = {inputs: built(make(2, inputs, 1), tensor(1, inputs, 1, 1), 8, 2).piece
              for inputs in (128, 136, 256, 264)}
    assert pieces == {128: 4, 136: 2, 256: 2, 264: 1}


@pytest.mark.parametrize(("op", "kind", "message"), [
    (make(4, 4, 3, padding=1), tensor(1, 4, 3, 3), "kernel and stride 1, not 3 and 1"),
    (make(4, 4, 1), tensor(1, 4, 3, 3, 0, 3), "linear on spikes"),
])
def test_what_is_not_linear_on_spikes_is_refused(op, kind, message):
    with pytest.raises(ValueError, match=message):
        built(op, kind, 4, 4)


def test_channels_of_a_time_step_must_come_in_a_row():
    folding = ConvFolding(lanes=4, drain=4, scan=4, form=ConvForm.TABLES)
    with pytest.raises(ValueError, match="over 2 time steps takes and gives all 8 channels"):
        conv_lanes(make(4, 8, 1), Layout(tensor(2, 8, 1, 1), 4, 4), folding)
