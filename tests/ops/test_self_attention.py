# amaranth: UnusedElaboratable=no
"""Spiking self-attention in hardware, its associations against golden: several images, any stalls;
their cycles."""

from math import gcd

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.layout import Layout
from hdl.ops.self_attention import Association, SelfAttentionFolding, self_attention
from hdl.score_attention import ScoreAttention
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
    "parts of heads": (2, 1, 4, 16, 1, 4, 2, 2),
    "blocks across heads": (3, 2, 4, 12, 1, 6, 2, 2),
    "blocks of heads": (4, 1, 2, 8, 1, 4, 2, 1),
    "blocks across parts of steps": (1, 1, 4, 4, 1, 6, 2, 2),
    "many ones": (1, 1, 1, 40, 1, 8, 8, 20),
}
ENGINES = {f"{association}, {name}": (association, cut) for name, cut in CUTS.items()
           for association in Association
           # Scores are of spikes, a part of a head in a beat.
           if association is Association.KEYS_VALUES or (
               cut[4] == 1 and cut[3] // cut[0] % cut[6] == 0)}
every_engine = pytest.mark.parametrize(("association", "cut"), ENGINES.values(), ids=ENGINES)


def prepare(association, cut, images=4, size=(2, 2), seed=1):
    heads, ratio, steps, channels, high, block, lanes, drain = cut
    op = SelfAttention(heads=heads, value_ratio=ratio)
    a = Layout(tensor(steps, op.parts * channels, *size, 0, high), block, lanes)
    dut = self_attention(op, a, SelfAttentionFolding(drain=drain, association=association))
    return dut, op, {"i": (a, draw(seed, a.tensor, images, rate=0.6))}


@every_engine
def test_matches_golden_under_stalls(association, cut):
    dut, op, inputs = prepare(association, cut)
    assert isinstance(dut, ScoreAttention) == (association is Association.SCORES)
    check(dut, op, inputs, in_gap=stalls(2), out_gap=stalls(3))


@every_engine
def test_cycles_equal_the_cost_model(association, cut):
    dut, op, inputs = prepare(association, cut)
    check_timing(dut, op, inputs, pause=150)


@every_engine
def test_service_is_what_the_engine_needs_alone(association, cut):
    dut, op, inputs = prepare(association, cut)
    check_service(dut, op, *inputs["i"], within=0.01)


def divisor(draw, number):
    return draw(st.sampled_from([n for n in range(1, number + 1) if number % n == 0]))


@st.composite
def engines(draw):
    """An association, and a cut that it can have."""
    association = draw(st.sampled_from(Association))
    heads, ratio, steps = (draw(st.integers(1, most)) for most in (3, 2, 3))
    counts = association is Association.KEYS_VALUES
    least = -(-4 // (steps * heads)) if counts else 1
    head = draw(st.integers(least, 9))
    block = divisor(draw, (2 + ratio) * heads * head)
    lanes = divisor(draw, gcd(block, heads * head if counts else head))
    high = draw(st.integers(1, 3)) if counts else 1
    return association, (heads, ratio, steps, heads * head, high, block, lanes,
                         divisor(draw, ratio * head))


@settings(max_examples=40)
@given(engine=engines(), size=st.tuples(st.integers(1, 3), st.integers(1, 3)),
       seed=st.integers(0, 1000))
def test_any_engine_matches_golden_and_the_cost_model(engine, size, seed):
    dut, op, inputs = prepare(*engine, images=3, size=size, seed=seed)
    check(dut, op, inputs, in_gap=stalls(seed), out_gap=stalls(seed + 1), deadline=60_000)
    check_timing(dut, op, inputs, pause=seed % 200)


@pytest.mark.parametrize(("association", "cut"), [
    (Association.KEYS_VALUES, "one head"), (Association.KEYS_VALUES, "wide counts"),
    (Association.SCORES, "one head"), (Association.SCORES, "many ones")])
def test_extremes_reach_the_end_of_the_interval(association, cut):
    dut, op, inputs = prepare(association, CUTS[cut])
    a, _ = inputs["i"]
    highest = a.tensor.interval.high
    images = np.stack([np.full(a.tensor.shape, value) for value in (highest, 0, highest)])
    assert op.output(a.tensor).interval.high == 4 * dut.head * highest**3
    check(dut, op, {"i": (a, images)})


KEYS_VALUES, SCORES = Association


@pytest.mark.parametrize(("association", "channels", "block", "lanes", "high", "message"), [
    (KEYS_VALUES, 2, 2, 1, 1, "at least 4 values per token and query, not 2"),
    (KEYS_VALUES, 4, 6, 3, 1, "lanes that divide the 4 channels of a query, not 3 lanes"),
    (SCORES, 4, 6, 3, 1, "lanes that divide the 4 channels of a query, not 3 lanes"),
    (SCORES, 4, 4, 4, 1, "lanes that divide the 2 channels of a head, not 4 lanes"),
    (SCORES, 4, 4, 2, 3, r"takes spikes, not counts of 0\.\.3"),
])
def test_cuts_that_it_cannot_have_are_refused(association, channels, block, lanes, high, message):
    a = Layout(tensor(1, 3 * channels, 2, 2, 0, high), block, lanes)
    with pytest.raises(ValueError, match=message):
        self_attention(SelfAttention(heads=2), a,
                       SelfAttentionFolding(drain=1, association=association))


def test_an_association_is_one_of_two():
    assert SelfAttentionFolding(drain=1).association is Association.KEYS_VALUES
    assert SelfAttentionFolding(drain=1, association="scores").association is Association.SCORES
    with pytest.raises(ValueError, match="association is keys-values or scores, not 'queries'"):
        SelfAttentionFolding(drain=1, association="queries")
