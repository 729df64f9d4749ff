"""How many blocks a memory takes, family by family."""

import pytest

from hdl.area import loaded, logic, lookup, ram, rom
from ir import Budget
from ir.block_ram import DP16KD, M10K, RAMB18, RAMB18_URAM288, SB_RAM40_4K


@pytest.mark.parametrize("kind, bits, one, blocks", [
    (DP16KD, 18432, (36, 512), 3), (RAMB18, 18432, (18, 1024), 3),
    (SB_RAM40_4K, 4096, (16, 256), 9), (M10K, 10240, (40, 256), 3),
])
def test_the_best_form_is_taken(kind, bits, one, blocks):
    """1100 words of 20 bits are three rows of 20 x 512, or three columns of 8 bits, ..."""
    assert kind.bits == bits
    assert kind.blocks(*one) == 1
    assert kind.blocks(one[0] + 1, one[1]) == 2 == kind.blocks(one[0], one[1] + 1)
    assert kind.blocks(20, 1100) == blocks


def test_an_area_counts_its_memories_in_the_blocks_of_a_device():
    need = logic(10, 5) + ram(20, 1100) + rom(16, 256) + Budget(dsps=1)
    assert (need.brams, need.on(DP16KD).brams) == (4, 4)
    assert need.on(SB_RAM40_4K) == Budget(luts=11, ffs=5, brams=10, dsps=1)
    assert (Budget(dsps=1) + need).on(M10K).brams == 4
    # small memories are logic everywhere, and on an iCE40 some flip-flops take a cell of their own
    assert ram(8, 16).on(M10K) == Budget(luts=8, ffs=8)
    assert ram(8, 16).on(SB_RAM40_4K) == Budget(luts=10, ffs=8)


def test_loaded_weights_lie_in_larger_memories_where_there_are_any():
    need = loaded(768, 6912) + rom(36, 512)  # Yosys makes 22 URAM288 of the first
    assert (need.on(RAMB18_URAM288).brams, need.on(RAMB18_URAM288).urams) == (1, 22)
    assert (need.on(RAMB18).brams, need.on(RAMB18).urams) == (301 + 1, 0)


def test_tables_are_logic_of_the_devices_own_look_up_tables():
    need = lookup(56, 640) + logic(5)
    assert (need.brams, need.on(RAMB18).luts, need.on(DP16KD).luts) == (0, 645, need.luts)
    assert lookup(8, 64) == rom(8, 64)
