# amaranth: UnusedElaboratable=no
"""The constant-folded convolution against golden: any shape and cut, any stalls; its cycles."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.folded_conv import FoldedConv
from hdl.layout import Layout
from ir.ops import Conv
from tests.ops.bench import check, check_timing, draw, stalls, tensor
from tests.ops.service import check_service


def make(channels_out, channels_in, kernel, seed=0, **parameters):
    rng = np.random.default_rng(seed)
    return Conv(weight=rng.integers(-8, 8, (channels_out, channels_in, kernel, kernel)),
                bias=rng.integers(-20, 20, channels_out),
                shift=rng.integers(0, 3, channels_out), weight_bits=4, **parameters)


# op, input, block and lanes of the input and of the output
CASES = {
    "linear": (make(8, 8, 1), tensor(2, 8, 2, 2), (8, 4), (8, 2)),
    "linear, whole": (make(8, 8, 1), tensor(1, 8, 2, 2), (8, 8), (8, 8)),
    "blocks of one step": (make(8, 8, 1), tensor(1, 8, 2, 2), (4, 2), (4, 2)),
    "strided": (make(8, 4, 3, stride=2, padding=1), tensor(1, 4, 5, 5), (4, 2), (8, 4)),
    "padded": (make(4, 4, 3, padding=1), tensor(2, 4, 3, 3), (4, 4), (4, 4)),
    "skips rows": (make(4, 2, 1, stride=2), tensor(2, 2, 4, 4), (2, 2), (4, 2)),
    "pixels around a mean": (make(4, 1, 3, padding=1, pad_value=9), tensor(1, 1, 3, 3, 0, 255),
                             (1, 1), (4, 2)),
    "rows in memory": (make(4, 1, 3, padding=1), tensor(1, 1, 4, 20, 0, 3), (1, 1), (4, 1)),
    "rows in memory, strided": (make(4, 1, 3, stride=2, padding=1), tensor(1, 1, 4, 20), (1, 1),
                                (4, 4)),
    "rows in memory, steps": (make(3, 2, 3, padding=1), tensor(2, 2, 3, 9), (2, 1), (3, 1)),
    "kernel 7": (make(2, 1, 7, stride=4, padding=3), tensor(1, 1, 6, 7, 0, 3), (1, 1), (2, 1)),
    "patches": (make(4, 2, 4, stride=4), tensor(1, 2, 9, 8), (2, 2), (4, 2)),
    "whole map": (make(4, 2, 3), tensor(2, 2, 3, 3), (2, 1), (4, 2)),
    "signed": (make(4, 4, 3, stride=2, padding=1), tensor(3, 4, 4, 3, -3, 4), (4, 4), (4, 1)),
}


ROWS = {
    "patches of rows": (make(4, 1, 3, stride=2), tensor(1, 1, 7, 6), (1, 1, 6), (4, 4)),
    "rows, padded": (make(4, 1, 4, stride=2, padding=1), tensor(1, 1, 6, 6, 0, 3), (1, 1, 3),
                     (4, 4)),
    "rows, narrow out": (make(4, 1, 3, padding=1, pad_value=2), tensor(1, 1, 4, 4, 0, 15),
                         (1, 1, 2), (4, 1)),
    "rows that wait": (make(4, 1, 6, stride=2), tensor(1, 1, 10, 10), (1, 1, 10), (4, 4)),
    "rows of colours": (make(4, 2, 2, stride=2), tensor(1, 2, 4, 6, 0, 3), (2, 2, 3), (2, 2)),
}
CASES |= ROWS


def built(case):
    op, kind, cut, out = case
    return op, Layout(kind, *cut), FoldedConv(op, Layout(kind, *cut), *out)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_matches_golden_under_stalls(case):
    op, a, dut = built(case)
    check(dut, op, {"i": (a, draw(1, a.tensor, 3))}, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cycles_equal_the_cost_model(case):
    op, a, dut = built(case)
    check_timing(dut, op, {"i": (a, draw(4, a.tensor, 3))}, pause=100)


@pytest.mark.parametrize("case", ["linear", "padded", "rows in memory",
                                  "rows in memory, steps", *ROWS])
def test_service_is_what_the_engine_needs_alone(case):
    op, a, dut = built(CASES[case])
    check_service(dut, op, a, draw(3, a.tensor, 3), within=0.04)


def test_rows_wait_less_where_a_copy_waits_for_them():
    """Three windows a row, complete every two cycles, in images of ten rows."""
    op, a, dut = built(CASES["rows that wait"])
    assert dut.window.spare and not built(CASES["patches of rows"])[2].window.spare
    timing = dut.timing(draw(1, a.tensor, 3))
    assert timing.service() == 11 < replace(timing, spare=False).service()


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), steps=st.integers(1, 3), kernel=st.sampled_from((1, 2, 3)),
       stride=st.sampled_from((1, 2)), size=st.tuples(st.integers(3, 4), st.integers(3, 10)),
       lanes=st.sampled_from((1, 2, 4)),
       interval=st.sampled_from(((0, 1), (0, 1), (0, 2), (0, 5), (-1, 1), (-5, 3))))
def test_any_shape_matches_golden(seed, steps, kernel, stride, size, lanes, interval):
    op = make(4, 4, kernel, seed, stride=stride, padding=seed % 2 if kernel == 3 else 0)
    a = Layout(tensor(steps, 4, *size, *interval), 4, 2)
    check(FoldedConv(op, a, 4, lanes), op, {"i": (a, draw(seed, a.tensor, 2))},
          in_gap=stalls(seed), out_gap=stalls(seed + 1))


def test_time_steps_need_whole_blocks():
    with pytest.raises(ValueError, match="over 2 time steps takes and gives all 4 channels in a "
                                         "block, not 2"):
        FoldedConv(make(4, 4, 1), Layout(tensor(2, 4, 2, 2), 2, 2), 4, 4)


def test_padding_stays_below_half_a_kernel():
    with pytest.raises(ValueError, match="2 positions takes a padding below half of that, not 1"):
        FoldedConv(make(4, 4, 2, padding=1), Layout(tensor(1, 4, 2, 2), 4, 4), 4, 4)
