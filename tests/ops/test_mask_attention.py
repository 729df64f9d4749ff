# amaranth: UnusedElaboratable=no
"""Mask attention in hardware against golden: several images, any stalls; its cycles."""

import pytest

from hdl.layout import Layout
from hdl.mask_attention_tokens import MaskAttentionTokens
from hdl.ops.mask_attention import MaskAttentionLanes, mask_attention_lanes
from ir.ops import MaskAttention
from tests.ops.bench import check, check_timing, draw, stalls, tensor

# steps, channels, block, lanes, rows; the last ones with a token in a beat
CUTS = [(1, 4, 4, 2, 2), (2, 4, 2, 2, 2), (2, 8, 4, 1, 2), (1, 4, 12, 12, 2), (1, 1, 3, 3, 1),
        (1, 2, 6, 6, 5)]
OP = MaskAttention()


def prepare(cut):
    steps, channels, block, lanes, rows = cut
    a = Layout(tensor(steps, 3 * channels, rows, rows), block, lanes)
    return mask_attention_lanes(OP, a), {"i": (a, draw(1, a.tensor, 5, rate=0.5))}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("out_gap", [0, 2])
def test_matches_golden_under_stalls(cut, out_gap):
    dut, inputs = prepare(cut)
    check(dut, OP, inputs, in_gap=stalls(2), out_gap=out_gap or stalls(3))


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    dut, inputs = prepare(cut)
    check_timing(dut, OP, inputs)


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_tokens_come_and_go_in_every_cycle(rows):
    dut, inputs = prepare((1, 2, 6, 6, rows))
    assert isinstance(dut, MaskAttentionTokens)
    outcome = check(dut, OP, inputs)
    tokens = rows * rows
    first = outcome.cycles[0] - outcome.taken["i"][tokens - 1]
    assert first == dut.LATENCY
    if rows > 1:
        assert outcome.cycles == list(range(outcome.cycles[0], outcome.cycles[0] + 5 * tokens))


def test_tokens_of_several_time_steps_are_refused():
    with pytest.raises(ValueError, match="12 channels of 1 time step in a beat, not 12 of 2"):
        mask_attention_lanes(OP, Layout(tensor(2, 12, 2, 2), 12, 12))


def test_blocks_across_query_and_key_are_refused():
    with pytest.raises(ValueError, match="blocks that divide 4 channels, not blocks of 6"):
        MaskAttentionLanes(OP, Layout(tensor(1, 12, 2, 2), 6, 2))
