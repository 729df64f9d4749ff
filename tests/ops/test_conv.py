# amaranth: UnusedElaboratable=no
"""The convolution engine against golden: any shape, any values, any cut, any stalls; its cycles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.conv import ConvEngine, ConvFolding
from ir.ops import Conv
from tests.ops.bench import check, check_timing, draw, stalls, tensor
from tests.ops.service import check_service


def make(channels_out, channels_in, kernel, seed=0, **parameters):
    rng = np.random.default_rng(seed)
    return Conv(weight=rng.integers(-8, 8, (channels_out, channels_in, kernel, kernel)),
                bias=rng.integers(-20, 20, channels_out),
                shift=rng.integers(0, 3, channels_out), weight_bits=4, **parameters)


def folding(lanes, drain, scan):
    return ConvFolding(lanes=lanes, drain=drain, scan=scan)


# op, input, its block and lanes, folding
CASES = {
    "linear": (make(8, 8, 1), tensor(2, 8, 2, 2), (8, 4), folding(4, 2, 8)),
    "strided": (make(8, 4, 3, stride=2, padding=1), tensor(1, 4, 5, 5), (4, 2), folding(8, 4, 4)),
    "padded": (make(4, 4, 3, padding=1), tensor(2, 4, 3, 3), (4, 4), folding(4, 4, 4)),
    "unpadded": (make(4, 2, 2), tensor(1, 2, 3, 4), (2, 1), folding(2, 1, 2)),
    "skips rows": (make(4, 2, 1, stride=2), tensor(2, 2, 4, 4), (2, 2), folding(4, 2, 2)),
    "pixels": (make(4, 1, 3, padding=1), tensor(1, 1, 3, 3, 0, 255), (1, 1), folding(4, 2, 1)),
    "pixels around a mean": (make(4, 1, 3, padding=1, pad_value=9), tensor(1, 1, 3, 3, 0, 255),
                             (1, 1), folding(4, 2, 1)),
    "colours": (make(4, 3, 3, padding=1), tensor(1, 3, 3, 3, 0, 255), (3, 1), folding(4, 2, 3)),
    "counts": (make(6, 8, 1), tensor(1, 8, 1, 1, 0, 3), (4, 2), folding(6, 1, 4)),
    "counts to 5": (make(4, 4, 3, padding=1), tensor(2, 4, 3, 2, 0, 5), (4, 2), folding(2, 1, 2)),
    "slow to drain": (make(16, 4, 1), tensor(2, 4, 2, 2), (4, 4), folding(16, 1, 4)),
    "one weight": (make(1, 1, 1), tensor(1, 1, 2, 2), (1, 1), folding(1, 1, 1)),
    "kernel 7": (make(2, 1, 7, stride=4, padding=3), tensor(1, 1, 6, 7, 0, 3), (1, 1),
                 folding(2, 1, 1)),
    "kernel 5": (make(4, 2, 5, stride=3, padding=2), tensor(1, 2, 7, 5), (2, 2), folding(4, 4, 2)),
    "patches": (make(4, 2, 4, stride=4), tensor(1, 2, 9, 8), (2, 2), folding(2, 2, 2)),
    "gaps": (make(2, 2, 3, stride=4, padding=2), tensor(2, 2, 8, 9), (2, 2), folding(2, 2, 2)),
    "whole map": (make(4, 2, 3), tensor(2, 2, 3, 3), (2, 1), folding(4, 2, 2)),
    "whole row": (make(4, 2, 2), tensor(1, 2, 2, 4), (2, 2), folding(4, 2, 2)),
}

SIGNED = {
    "ternary": (make(4, 4, 1), tensor(2, 4, 2, 2, -1, 1), (4, 2), folding(4, 2, 4)),
    "ternary map": (make(4, 4, 3, padding=1), tensor(2, 4, 3, 3, -1, 1), (4, 2), folding(2, 1, 2)),
    "levels": (make(4, 4, 3, stride=2, padding=1), tensor(3, 4, 4, 3, -3, 4), (4, 4),
               folding(4, 1, 4)),
    "never above zero": (make(4, 2, 2), tensor(2, 2, 3, 3, -1, 0), (2, 2), folding(4, 2, 2)),
    "currents": (make(4, 2, 3, padding=1), tensor(1, 2, 3, 3, -128, 127), (2, 1), folding(2, 1, 2)),
    "around a mean": (make(2, 2, 3, padding=1, pad_value=-3), tensor(2, 2, 2, 3, -4, 2), (2, 2),
                      folding(2, 1, 2)),
    "whole map of currents": (make(4, 2, 2), tensor(2, 2, 2, 2, -9, 7), (2, 1), folding(4, 2, 2)),
}

ALL = CASES | SIGNED


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_matches_golden_under_stalls(case):
    op, kind, cut, folded = case
    a = Layout(kind, *cut)
    check(ConvEngine(op, a, folded), op, {"i": (a, draw(1, kind, 3))},
          in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("case", ALL.values(), ids=ALL)
def test_cycles_equal_the_cost_model(case):
    op, kind, cut, folded = case
    a = Layout(kind, *cut)
    check_timing(ConvEngine(op, a, folded), op, {"i": (a, draw(4, kind, 3))}, pause=100)


@pytest.mark.parametrize("case", ["linear", "strided", "padded", "pixels", "kernel 5", "gaps",
                                  "whole map", "one weight", "levels", "ternary map"])
def test_service_is_what_the_engine_needs_alone(case):
    op, kind, cut, folded = ALL[case]
    a = Layout(kind, *cut)
    check_service(ConvEngine(op, a, folded), op, a, draw(3, kind, 3), within=0.04)


def test_service_sees_find_and_replay_take_turns():
    """Full and empty windows mixed: two windows in work do not even out which part is slower."""
    op, kind = make(16, 16, 1), tensor(1, 16, 4, 8)
    a = Layout(kind, 8, 8)
    full = np.random.default_rng(1).random((2, 1, 1, 4, 8)) < 0.5
    images = np.broadcast_to(full, (2, *kind.shape)).astype(int)
    dut = ConvEngine(op, a, folding(16, 8, 8))
    check_service(dut, op, a, images, within=0.02)
    load = dut.timing(images).load
    parts = load.search.sum() / 2, np.maximum(load.replay, dut.out.groups).sum() / 2
    assert dut.timing(images).service() > 1.3 * max(parts)


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), steps=st.integers(1, 3), kernel=st.sampled_from((1, 2, 3)),
       stride=st.sampled_from((1, 2)), size=st.tuples(st.integers(3, 4), st.integers(3, 5)),
       lanes=st.sampled_from(((2, 1), (4, 4), (4, 2))),
       interval=st.sampled_from(((0, 1), (0, 1), (0, 2), (0, 5), (-1, 1), (-5, 3))),
       rate=st.sampled_from((0.0, 0.1, 0.5, 1.0)))
def test_any_shape_matches_golden(seed, steps, kernel, stride, size, lanes, interval, rate):
    op = make(4, 4, kernel, seed, stride=stride, padding=seed % kernel)
    kind = tensor(steps, 4, *size, *interval)
    a = Layout(kind, 4, 2)
    folded = folding(*lanes, 2 if seed % 2 else 4)
    check(ConvEngine(op, a, folded), op, {"i": (a, draw(seed, kind, 2, rate))},
          in_gap=stalls(seed), out_gap=stalls(seed + 1))


@pytest.mark.parametrize("case", [CASES["linear"], SIGNED["ternary map"]],
                         ids=["spikes", "ternary"])
def test_empty_and_full_windows_take_their_cycles(case):
    op, kind, cut, folded = case
    a = Layout(kind, *cut)
    for value in (0, kind.interval.low, kind.interval.high):
        check_timing(ConvEngine(op, a, folded), op,
                     {"i": (a, np.full((2, *kind.shape), value))})


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("low", "high"), [(-1, 1), (-8, 7), (-3, 0), (-128, 127)])
def test_sums_reach_the_ends_of_their_interval(sign, low, high):
    """All weights of one sign and all inputs extreme: the widest sums, and what is on the way."""
    op = Conv(weight=np.full((2, 2, 2, 2), -8 if sign < 0 else 7), bias=np.zeros(2, int),
              shift=np.zeros(2, int), weight_bits=4)
    kind = tensor(1, 2, 2, 2, low, high)
    a = Layout(kind, 2, 2)
    images = np.stack([np.full(kind.shape, value) for value in (low, high, low + 1, 0)])
    ends = {op.output(kind).interval.low, op.output(kind).interval.high}
    weight = int(op.weight.sum()) // 2
    assert ends == {weight * low, weight * high}
    check(ConvEngine(op, a, folding(2, 2, 2)), op, {"i": (a, images)})
