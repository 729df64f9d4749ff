"""Max pooling in hardware against golden: any window, any cut, any stalls; its cycles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.ops.max_pool import MaxPoolLanes
from ir.ops import MaxPool
from tests.ops.bench import check, check_timing, draw, stalls
from tests.ops.windows import CUTS, WINDOWS, layout

KINDS = {"spikes": (0, 1), "currents": (-9, 12), "below zero": (-8, -3)}


def prepare(window, shape, cut, kind, images=2):
    kernel, stride, padding = window
    op = MaxPool(kernel=kernel, stride=stride, padding=padding)
    a = layout(shape, cut, *kind)
    return MaxPoolLanes(op, a), op, {"i": (a, draw(1, a.tensor, images))}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_matches_golden_under_stalls(window, kind):
    dut, op, inputs = prepare(*window, (4, 2), kind)
    check(dut, op, inputs, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("window", WINDOWS.values(), ids=WINDOWS)
def test_cycles_equal_the_cost_model(window):
    for cut in CUTS:
        dut, op, inputs = prepare(*window, cut, (0, 1), images=3)
        check_timing(dut, op, inputs)


@settings(max_examples=15)
@given(kernel=st.integers(1, 4), stride=st.integers(1, 4), seed=st.integers(0, 1000),
       size=st.tuples(st.integers(4, 5), st.integers(4, 6)), steps=st.integers(1, 2),
       cut=st.sampled_from(CUTS), kind=st.sampled_from(list(KINDS.values())))
def test_any_window_matches_golden(kernel, stride, seed, size, steps, cut, kind):
    window = kernel, stride, seed % (kernel // 2 + 1)
    dut, op, inputs = prepare(window, (steps, 4, *size), cut, kind)
    check(dut, op, inputs, in_gap=stalls(seed), out_gap=stalls(seed + 1))
    check_timing(*prepare(window, (steps, 4, *size), cut, kind))
