# amaranth: UnusedElaboratable=no
"""Spiking self-attention in hardware against golden: several images, any stalls; its cycles."""

import numpy as np
import pytest

from hdl.layout import Layout
from hdl.ops.self_attention import SelfAttentionEngine, SelfAttentionFolding
from ir.ops import SelfAttention
from tests.ops.bench import check, check_timing, draw, stalls, tensor
from tests.ops.service import check_service

# heads, value ratio, steps, query channels, highest count, block, lanes, drain
CUTS = {
    "one head": (1, 1, 1, 4, 1, 4, 2, 2),
    "heads": (2, 1, 2, 4, 1, 2, 2, 1),
    "whole beats": (1, 1, 2, 4, 1, 4, 4, 4),
    "lane by lane": (2, 1, 1, 8, 1, 4, 1, 4),
    "one block": (2, 1, 2, 4, 1, 12, 2, 2),
    "block across parts": (1, 1, 2, 4, 1, 6, 2, 2),
    "wide values": (2, 4, 1, 4, 1, 4, 2, 4),
    "wide values, slow to drain": (2, 4, 2, 4, 1, 4, 4, 1),
    "counts": (1, 1, 1, 4, 4, 4, 2, 2),
    "counts of steps": (2, 1, 2, 4, 3, 4, 2, 1),
    "wide counts": (2, 4, 1, 4, 4, 8, 4, 4),
    "wide counts of steps": (1, 2, 2, 4, 8, 16, 2, 2),
    "words come late": (1, 1, 2, 32, 1, 32, 16, 8),
}


def prepare(cut, images=4):
    heads, ratio, steps, channels, high, block, lanes, drain = cut
    op = SelfAttention(heads=heads, value_ratio=ratio)
    a = Layout(tensor(steps, op.parts * channels, 2, 2, 0, high), block, lanes)
    dut = SelfAttentionEngine(op, a, SelfAttentionFolding(drain=drain))
    return dut, op, {"i": (a, draw(1, a.tensor, images, rate=0.6))}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_matches_golden_under_stalls(cut):
    dut, op, inputs = prepare(cut)
    check(dut, op, inputs, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_cycles_equal_the_cost_model(cut):
    dut, op, inputs = prepare(cut)
    check_timing(dut, op, inputs, pause=150)


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_service_is_what_the_engine_needs_alone(cut):
    dut, op, inputs = prepare(cut)
    check_service(dut, op, *inputs["i"], within=0.01)


@pytest.mark.parametrize("cut", ["one head", "wide counts"])
def test_extremes_reach_the_end_of_the_interval(cut):
    dut, op, inputs = prepare(CUTS[cut])
    a, _ = inputs["i"]
    highest = a.tensor.interval.high
    images = np.stack([np.full(a.tensor.shape, value) for value in (highest, 0, highest)])
    assert op.output(a.tensor).interval.high == 4 * dut.head * highest**3
    check(dut, op, {"i": (a, images)})


@pytest.mark.parametrize(("channels", "block", "lanes", "message"), [
    (2, 2, 1, "at least 4 values per token and query, not 2"),
    (4, 6, 3, "lanes that divide the 4 channels of a query, not 3 lanes"),
])
def test_cuts_that_it_cannot_have_are_refused(channels, block, lanes, message):
    a = Layout(tensor(1, 3 * channels, 2, 2), block, lanes)
    with pytest.raises(ValueError, match=message):
        SelfAttentionEngine(SelfAttention(), a, SelfAttentionFolding(drain=1))
