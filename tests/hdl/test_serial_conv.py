# amaranth: UnusedElaboratable=no
"""The serial convolution against golden: values under stalls, and its cycles, to the last one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops import ConvFolding, ConvForm
from hdl.ops.conv import conv_lanes
from hdl.serial_conv import ROWS
from ir.ops import Conv
from tests.ops.bench import check, check_timing, draw, stalls, tensor
from tests.ops.service import check_service
from tests.ops.test_conv import ALL, make

# Cases in which something is particular to this engine: a ring of one or two time steps, a memory
# whose fields are no powers of two, windows that skip, padding that is not zero, sums too short to
# hide the way out.
VALUES = ("linear", "strided", "padded", "skips rows", "pixels around a mean", "colours",
          "counts to 5", "slow to drain", "one weight", "kernel 7", "patches", "whole map",
          "ternary", "ternary map", "never above zero", "around a mean")
CYCLES = ("linear", "strided", "skips rows", "slow to drain", "one weight", "kernel 5",
          "whole row", "whole map", "ternary map")


def built(op, kind, cut, lanes, drain):
    folding = ConvFolding(lanes=lanes, drain=drain, scan=cut[1], form=ConvForm.SERIAL)
    return conv_lanes(op, Layout(kind, *cut), folding)


def case(name):
    op, kind, cut, folded = ALL[name]
    return built(op, kind, cut, folded.lanes, folded.drain), op, kind, Layout(kind, *cut)


@pytest.mark.parametrize("name", VALUES)
def test_matches_golden_under_stalls(name):
    dut, op, kind, a = case(name)
    check(dut, op, {"i": (a, draw(1, kind, 3))}, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("name", CYCLES)
def test_cycles_equal_the_cost_model(name):
    dut, op, kind, a = case(name)
    check_timing(dut, op, {"i": (a, draw(4, kind, 3))}, pause=100)


@pytest.mark.parametrize("name", CYCLES)
def test_service_is_what_the_engine_needs_alone(name):
    dut, op, kind, a = case(name)
    check_service(dut, op, a, draw(3, kind, 2), within=0)


def test_a_position_comes_in_while_the_one_before_is_added_up():
    """From an engine that is as slow: the two take as long as one of them."""
    dut, op, kind, a = case("linear")
    images = draw(2, kind, 4)
    beats, service = a.image_beats, dut.timing(images).service()
    gap = int(service) // beats
    outcome = check(dut, op, {"i": (a, images)}, in_gap=lambda: gap - 1)
    assert gap > 2 and dut.ahead == a.position_beats > 1
    ends = outcome.cycles[dut.out.image_beats - 1::dut.out.image_beats]
    assert len(ends) == 4
    assert (ends[-1] - ends[0]) / 3 < 1.1 * max(service, gap * beats)


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), steps=st.integers(1, 3), kernel=st.sampled_from((1, 2, 3)),
       stride=st.sampled_from((1, 2)), size=st.tuples(st.integers(3, 4), st.integers(3, 5)),
       lanes=st.sampled_from(((2, 1), (4, 4), (1, 1))), cut=st.sampled_from(((3, 1), (6, 2))),
       interval=st.sampled_from(((0, 1), (0, 5), (-1, 1), (-5, 3))))
def test_any_shape_matches_golden(seed, steps, kernel, stride, size, lanes, cut, interval):
    op = make(4, 6, kernel, seed, stride=stride, padding=seed % ((kernel + 1) // 2))
    kind = tensor(steps, 6, *size, *interval)
    check(built(op, kind, cut, *lanes), op, {"i": (Layout(kind, *cut), draw(seed, kind, 2))},
          in_gap=stalls(seed), out_gap=stalls(seed + 1), deadline=60_000)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("low", "high"), [(-1, 1), (-8, 7), (0, 1), (0, 255)])
def test_sums_reach_the_ends_of_their_interval(sign, low, high):
    """All weights of one sign and all inputs extreme: the widest sums and products."""
    op = Conv(weight=np.full((2, 2, 2, 2), -8 if sign < 0 else 7), bias=np.zeros(2, int),
              shift=np.zeros(2, int), weight_bits=4)
    kind = tensor(1, 2, 2, 2, low, high)
    images = np.stack([np.full(kind.shape, value) for value in (low, high, low, 0)])
    check(built(op, kind, (2, 2), 2, 2), op, {"i": (Layout(kind, 2, 2), images)})


@pytest.mark.parametrize("kernel", [1, 2])
def test_many_spikes_look_up_their_sums(kernel):
    """Every four a table, where a block RAM saves enough products and is deep enough."""
    op, kind = make(5, 12, kernel, 7), tensor(2, 12, 3, 3)
    dut, few = built(op, kind, (12, 12), 5, 1), built(op, kind, (12, 12), 1, 1)
    assert dut.tabled and not few.tabled
    inputs = {"i": (Layout(kind, 12, 12), draw(1, kind, 3, rate=0.6))}
    check(dut, op, inputs, in_gap=stalls(2), out_gap=stalls(3))
    check_timing(dut, op, inputs, pause=100)
    check(few, op, inputs)
    deep = built(make(5, 12, 5), tensor(1, 12, 5, 5), (12, 4), 5, 1)
    assert not deep.tabled and 16 * 75 > ROWS
    counts = built(make(5, 12, kernel), tensor(2, 12, 3, 3, 0, 2), (12, 12), 5, 1)
    assert not counts.tabled


def test_what_it_cannot_walk_over_is_refused():
    op, kind, cut, _ = ALL["gaps"]
    with pytest.raises(ValueError, match="kernel 3 cannot have a padding of 2"):
        built(op, kind, cut, 1, 1)


def test_it_multiplies_what_a_beat_holds():
    op, kind, cut, _ = ALL["linear"]
    with pytest.raises(ValueError, match="multiplies the 4 lanes of a beat, its scan is not 8"):
        conv_lanes(op, Layout(kind, *cut),
                   ConvFolding(lanes=1, drain=1, scan=8, form=ConvForm.SERIAL))


def test_a_form_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="form is events or serial or .*, not 'parallel'"):
        ConvFolding(lanes=1, drain=1, scan=1, form="parallel")
