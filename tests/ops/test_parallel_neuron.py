"""Parallel neurons in hardware against golden: any matrix, at the thresholds; their cycles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.parallel_neuron import ParallelNeuronLanes, Tap, taps
from ir.ops import ParallelNeuron
from tests.ops.bench import check, check_timing, draw, stalls, tensor

# steps, channels, block, lanes; the last takes memories whose words come late
SMALL = [(1, 4, 4, 4), (1, 4, 4, 2), (3, 4, 4, 4), (3, 4, 2, 1), (4, 2, 1, 1), (2, 6, 6, 2),
         (5, 2, 2, 1)]
CUTS = [*SMALL, (2, 192, 192, 16)]


def prepare(seed, cut, band=None, low=-20, high=30, images=3):
    """A neuron whose sums lie at its thresholds, or one short of them, and its inputs."""
    steps, channels, block, lanes = cut
    rng = np.random.default_rng(seed)
    kind = tensor(steps, channels, 1, 2, low, high)
    weight = rng.integers(-9, 10, (steps, steps))
    if band is not None:
        weight = np.tril(np.triu(weight, 1 - band))
    x = draw(seed, kind, images)
    h = np.einsum("ts,nschw->ntchw", weight, x)
    # thresholds taken from what the first images sum up to, so that they are met exactly
    threshold = h[rng.integers(images), :, :, 0, rng.integers(2)] + rng.integers(0, 2, h.shape[1:3])
    op = ParallelNeuron(weight=weight, threshold=threshold)
    a = Layout(kind, block, lanes)
    return ParallelNeuronLanes(op, a), op, {"i": (a, x)}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("band", [None, 1, 2])
def test_matches_golden_under_stalls(cut, band):
    check(*prepare(1, cut, band), in_gap=stalls(2), out_gap=stalls(3))


@settings(max_examples=30)
@given(seed=st.integers(0, 1000), cut=st.sampled_from(SMALL), band=st.sampled_from((None, 1, 2, 3)),
       low=st.integers(-50, 0), high=st.integers(1, 50))
def test_any_neuron_matches_golden(seed, cut, band, low, high):
    check(*prepare(seed, cut, band, low, high, 4), in_gap=stalls(seed), out_gap=stalls(seed + 1))


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("band", [None, 2])
def test_cycles_equal_the_cost_model(cut, band):
    check_timing(*prepare(1, cut, band))


def test_a_beat_leaves_in_every_cycle():
    dut, op, inputs = prepare(1, (1, 4, 2, 2), images=20)
    cycles = check(dut, op, inputs).cycles
    assert cycles[-1] - cycles[0] == len(cycles) - 1


def test_sixteen_time_steps():
    check(*prepare(1, (16, 2, 2, 1), images=2), out_gap=stalls(3))


def test_no_weights_at_all():
    kind = tensor(2, 2, 1, 1, -5, 5)
    op = ParallelNeuron(weight=np.zeros((2, 2), int), threshold=[[0, 1], [-1, 0]])
    a = Layout(kind, 2, 1)
    check(ParallelNeuronLanes(op, a), op, {"i": (a, draw(1, kind, 3))})


def test_a_band_takes_as_many_taps_as_it_is_wide():
    full = np.full((6, 6), 3)
    assert len(taps(full)) == 6
    assert len(taps(np.tril(full))) == 6
    assert len(taps(np.tril(np.triu(full, -1)))) == 2
    assert len(taps(np.eye(6, dtype=int))) == 1
    sliding = np.eye(4, dtype=int) * 8 + np.eye(4, k=-1, dtype=int) * -4
    # a power of two is one digit, and what is negative has another one for its sign
    assert [len(tap.digits) for tap in taps(sliding)] == [2, 2]


@pytest.mark.parametrize("weights", [(0, 0), (1, -1), (7, -8), (-4, 8), (5, 9), (-1, -1), (127, 3)])
def test_digits_make_their_weights(weights):
    made = [sum((-1 if minus else 1) << n for n, steps, minus in Tap((0, 0), weights).digits
                if steps >> t & 1) for t in range(2)]
    assert made == list(weights)
