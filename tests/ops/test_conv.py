# amaranth: UnusedElaboratable=no
"""The convolution engine against golden: any shape, any cut, any stalls; and its cycles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.conv import ConvEngine, ConvFolding
from ir.ops import Conv
from tests.ops.bench import check, check_timing, draw, stalls, tensor


def make(channels_out, channels_in, kernel, seed=0, **parameters):
    rng = np.random.default_rng(seed)
    return Conv(weight=rng.integers(-8, 8, (channels_out, channels_in, kernel, kernel)),
                bias=rng.integers(-20, 20, channels_out),
                shift=rng.integers(0, 3, channels_out), weight_bits=4, **parameters)


# op, input, its block and lanes, folding
CASES = {
    "linear": (make(8, 8, 1), tensor(2, 8, 2, 2), (8, 4), ConvFolding(lanes=4, drain=2, scan=8)),
    "strided": (make(8, 4, 3, stride=2, padding=1), tensor(1, 4, 5, 5), (4, 2),
                ConvFolding(lanes=8, drain=4, scan=4)),
    "padded": (make(4, 4, 3, padding=1), tensor(2, 4, 3, 3), (4, 4),
               ConvFolding(lanes=4, drain=4, scan=4)),
    "unpadded": (make(4, 2, 2), tensor(1, 2, 3, 4), (2, 1),
                 ConvFolding(lanes=2, drain=1, scan=2)),
    "skips rows": (make(4, 2, 1, stride=2), tensor(2, 2, 4, 4), (2, 2),
                   ConvFolding(lanes=4, drain=2, scan=2)),
    "pixels": (make(4, 1, 3, padding=1), tensor(1, 1, 3, 3, 0, 255), (1, 1),
               ConvFolding(lanes=4, drain=2, scan=1)),
    "pixels around a mean": (make(4, 1, 3, padding=1, pad_value=9), tensor(1, 1, 3, 3, 0, 255),
                             (1, 1), ConvFolding(lanes=4, drain=2, scan=1)),
    "colours": (make(4, 3, 3, padding=1), tensor(1, 3, 3, 3, 0, 255), (3, 1),
                ConvFolding(lanes=4, drain=2, scan=3)),
    "counts": (make(6, 8, 1), tensor(1, 8, 1, 1, 0, 3), (4, 2),
               ConvFolding(lanes=6, drain=1, scan=4)),
    "slow to drain": (make(16, 4, 1), tensor(2, 4, 2, 2), (4, 4),
                      ConvFolding(lanes=16, drain=1, scan=4)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_matches_golden_under_stalls(case):
    op, kind, cut, folding = case
    a = Layout(kind, *cut)
    check(ConvEngine(op, a, folding), op, {"i": (a, draw(1, kind, 3))},
          in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cycles_equal_the_cost_model(case):
    op, kind, cut, folding = case
    a = Layout(kind, *cut)
    check_timing(ConvEngine(op, a, folding), op, {"i": (a, draw(4, kind, 3))})


@settings(max_examples=6)
@given(seed=st.integers(0, 1000), steps=st.integers(1, 3), kernel=st.sampled_from((1, 2, 3)),
       stride=st.sampled_from((1, 2)), size=st.tuples(st.integers(3, 4), st.integers(3, 5)),
       lanes=st.sampled_from(((2, 1), (4, 4), (4, 2))), high=st.sampled_from((1, 1, 2, 5)),
       rate=st.sampled_from((0.0, 0.1, 0.5, 1.0)))
def test_any_shape_matches_golden(seed, steps, kernel, stride, size, lanes, high, rate):
    op = make(4, 4, kernel, seed, stride=stride, padding=seed % kernel)
    kind = tensor(steps, 4, *size, 0, high)
    a = Layout(kind, 4, 2)
    folding = ConvFolding(lanes=lanes[0], drain=lanes[1], scan=2 if seed % 2 else 4)
    check(ConvEngine(op, a, folding), op, {"i": (a, draw(seed, kind, 2, rate))},
          in_gap=stalls(seed), out_gap=stalls(seed + 1))


def test_empty_and_full_windows_take_their_cycles():
    op, kind, cut, folding = CASES["linear"]
    a = Layout(kind, *cut)
    for rate in (0.0, 1.0):
        check_timing(ConvEngine(op, a, folding), op, {"i": (a, draw(0, kind, 2, rate))})


def test_signed_input_is_refused():
    op, _, cut, folding = CASES["linear"]
    with pytest.raises(ValueError, match=r"ConvEngine takes unsigned values, not -1\.\.1"):
        ConvEngine(op, Layout(tensor(2, 8, 2, 2, -1, 1), *cut), folding)
