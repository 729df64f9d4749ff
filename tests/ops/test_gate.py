# amaranth: UnusedElaboratable=no
"""Gates in hardware against golden: beside each value, of one position, of heads; their cycles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.gate import GateLanes
from ir.ops import Gate
from tests.ops.bench import check, check_timing, draw, stalls, tensor

OP = Gate()
# steps, channels, block, lanes, channels of the gate
CUTS = [(1, 4, 4, 2, 4), (3, 4, 4, 4, 4), (2, 4, 2, 1, 4), (1, 1, 1, 1, 1), (1, 4, 1, 1, 2),
        (3, 4, 2, 1, 2), (2, 8, 2, 2, 2), (2, 6, 3, 1, 1), (1, 4, 4, 4, 1), (3, 2, 1, 1, 1)]
ONE, ALL = (1, 1), (2, 2)


def prepare(cut, size, gate_size, low=-6, high=7, images=3, seed=1):
    steps, channels, block, lanes, gates = cut
    a = Layout(tensor(steps, channels, *size, low, high), block, lanes)
    gate = tensor(steps, gates, *gate_size)
    b = Layout(gate, 1, 1) if gates < channels else Layout(gate, block, lanes)
    return GateLanes(OP, a, b), OP, {"a": (a, draw(seed, a.tensor, images, rate=0.9)),
                                     "b": (b, draw(seed + 1, gate, images, rate=0.5))}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("sizes", [(ALL, ALL), (ALL, ONE), (ONE, ONE)])
def test_matches_golden_under_stalls(cut, sizes):
    check(*prepare(cut, *sizes), in_gap=stalls(2), out_gap=stalls(3))


@settings(max_examples=30)
@given(cut=st.sampled_from(CUTS), rows=st.integers(1, 3), columns=st.integers(1, 2),
       one=st.booleans(), low=st.integers(-9, 2), length=st.integers(0, 9),
       seed=st.integers(0, 1000))
def test_any_gate_matches_golden(cut, rows, columns, one, low, length, seed):
    size = rows, columns
    check(*prepare(cut, size, ONE if one else size, low, low + length, 4, seed),
          in_gap=stalls(seed), out_gap=stalls(seed + 1))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("sizes", [(ALL, ALL), (ALL, ONE), (ONE, ONE)])
def test_cycles_equal_the_cost_model(cut, sizes):
    check_timing(*prepare(cut, *sizes))


@pytest.mark.parametrize(("gates", "size"), [(2, ALL), (2, ONE), (4, ONE)])
def test_a_beat_leaves_in_every_cycle(gates, size):
    dut, op, inputs = prepare((2, 4, 2, 1, gates), ALL, size, images=5)
    cycles = check(dut, op, inputs).cycles
    assert cycles[-1] - cycles[0] == len(cycles) - 1


@pytest.mark.parametrize(("block", "gate", "message"), [
    (4, (4, 2, 2), "blocks of 4 in 2 lanes and blocks of 2 in 2 lanes"),
    (2, (2, 2, 1), "takes a gate of 2 heads in blocks of 1, not of 2 in 1 lanes"),
    (4, (2, 1, 1), "takes blocks that divide the 2 channels of a head, not blocks of 4"),
])
def test_other_cuts_are_refused(block, gate, message):
    channels, gate_block, lanes = gate
    with pytest.raises(ValueError, match=message):
        GateLanes(OP, Layout(tensor(1, 4, 2, 2), block, 2),
                  Layout(tensor(1, channels, 2, 2), gate_block, lanes))
