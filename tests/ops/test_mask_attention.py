# amaranth: UnusedElaboratable=no
"""Mask attention in hardware against golden: several images, any stalls; its cycles."""

import pytest

from hdl.layout import Layout
from hdl.ops.mask_attention import MaskAttentionLanes
from ir.ops import MaskAttention
from tests.ops.bench import check, check_timing, draw, stalls, tensor

# steps, channels, block, lanes
CUTS = [(1, 4, 4, 2), (2, 4, 2, 2), (2, 8, 4, 1)]
OP = MaskAttention()


def prepare(cut):
    steps, channels, block, lanes = cut
    a = Layout(tensor(steps, 3 * channels, 2, 2), block, lanes)
    return MaskAttentionLanes(OP, a), {"i": (a, draw(1, a.tensor, 5, rate=0.5))}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("out_gap", [0, 2])
def test_matches_golden_under_stalls(cut, out_gap):
    dut, inputs = prepare(cut)
    check(dut, OP, inputs, in_gap=stalls(2), out_gap=out_gap or stalls(3))


@pytest.mark.parametrize("cut", CUTS)
def test_cycles_equal_the_cost_model(cut):
    dut, inputs = prepare(cut)
    check_timing(dut, OP, inputs)


def test_blocks_across_query_and_key_are_refused():
    with pytest.raises(ValueError, match="blocks that divide 4 channels, not blocks of 6"):
        MaskAttentionLanes(OP, Layout(tensor(1, 12, 2, 2), 6, 2))
