# amaranth: UnusedElaboratable=no
"""Spiking self-attention in hardware against golden: several images, any stalls; its cycles."""

import pytest

from hdl.layout import Layout
from hdl.ops.self_attention import SelfAttentionEngine, SelfAttentionFolding
from ir.ops import SelfAttention
from tests.ops.bench import check, check_timing, draw, stalls, tensor

# heads, steps, channels, block, lanes, drain
CUTS = [(1, 1, 4, 4, 2, 2), (2, 2, 4, 2, 2, 1), (1, 2, 4, 4, 4, 4), (2, 1, 8, 4, 1, 4)]


def prepare(cut):
    heads, steps, channels, block, lanes, drain = cut
    op = SelfAttention(heads=heads)
    a = Layout(tensor(steps, 3 * channels, 2, 2), block, lanes)
    dut = SelfAttentionEngine(op, a, SelfAttentionFolding(drain=drain))
    return dut, op, {"i": (a, draw(1, a.tensor, 4, rate=0.6))}


@pytest.mark.parametrize("cut", CUTS)
def test_matches_golden_under_stalls(cut):
    dut, op, inputs = prepare(cut)
    check(dut, op, inputs, in_gap=stalls(2), out_gap=stalls(3))


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    dut, op, inputs = prepare(cut)
    check_timing(dut, op, inputs)


def test_too_small_tokens_are_refused():
    a = Layout(tensor(1, 6, 2, 2), 2, 1)
    with pytest.raises(ValueError, match="at least 4 values per token, not 2"):
        SelfAttentionEngine(SelfAttention(), a, SelfAttentionFolding(drain=1))
