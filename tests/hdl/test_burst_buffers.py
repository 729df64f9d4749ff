"""Buffers against bursts: where stages wait for each other, as small as they can be, and exact."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from golden.run import trace
from hdl.burst_buffers import MOST
from hdl.cost import area
from hdl.folding import from_json, to_json
from hdl.lowering import Lowering
from hdl.pins import read_pins, write_pins
from hdl.shortcuts import BurstBuffer, buffers
from hdl.solve import find, least
from hdl.timing import timing
from ir import Budget, Graph, Node, pixels
from ir.ops import Lif, TokenSum
from spikeloom.design import Design
from tests.ir.graphs import random_conv, small_graph

PLENTY = Budget(luts=80_000, ffs=80_000, brams=200, dsps=100)
SIDE = 16
WHITE = 0b1001_0001
"""As few ones as keep the first engine about as busy as the second."""


def bursting() -> Graph:
    """Two engines in a row: the first works where an image is white, the second where it is black.
    """
    rng = np.random.default_rng(3)
    first, second = random_conv(rng, 1, 6, 3, padding=1), random_conv(rng, 6, 4, 3, padding=1)
    first = replace(first, weight=-1 - abs(first.weight) // 2, bias=np.full(6, 5))
    return Graph("bursting", pixels(1, SIDE, SIDE), (
        Node("first", first, ("image",)),
        Node("spikes", Lif(threshold=[4] * 6), ("first",)),
        Node("second", second, ("spikes",)),
        Node("level", Lif(threshold=[3] * 4), ("second",)),
        Node("tokens", TokenSum(), ("level",)),
        Node("last", random_conv(rng, 4, 3), ("tokens",))))


def halves(count: int = 4) -> np.ndarray:
    """Images, uint8 ``[N, 1, SIDE, SIDE]``, white above and black below."""
    images = np.zeros((count, 1, SIDE, SIDE), np.uint8)
    images[:, :, :SIDE // 2] = WHITE
    return images


GRAPH = bursting()
TENSORS = trace(GRAPH, halves())
EVENTS = {name: {"form": "events"} for name in ("first", "second")}


@cache
def found(*, fit=0.8, budget=PLENTY):
    return find(GRAPH, budget, tensors=TENSORS, bursts=True, pins=EVENTS, fit=fit)


def test_stages_that_work_in_turns_get_a_buffer_between_them():
    solution = found()
    bursts = solution.explanation.bursts
    assert bursts is not None and bursts.after < 0.95 * bursts.before
    assert set(bursts.beats) <= {"spikes.0", "second.0"} and bursts.beats
    assert all(1 <= beats <= MOST for beats in bursts.beats.values())
    for foldings, cycles in ((solution.foldings, bursts.after),
                             (without(solution.foldings), bursts.before)):
        assert timing(GRAPH, foldings, TENSORS).cycles_per_image == cycles


def without(foldings):
    return {name: each for name, each in foldings.items() if not isinstance(each, BurstBuffer)}


def test_half_of_a_buffer_is_not_enough():
    solution = found()
    bursts = solution.explanation.bursts
    assert bursts is not None
    edge, beats = max(bursts.beats.items(), key=lambda item: item[1])
    half = {**solution.foldings, edge: BurstBuffer(beats=beats // 2)}
    cycles = timing(GRAPH, half, TENSORS).cycles_per_image
    assert cycles is not None and cycles > bursts.after


def test_the_circuit_is_as_fast_as_the_model_says_and_equal():
    solution = found()
    images = halves()
    design = Design(GRAPH, solution.foldings)
    result = design.verify(images, trace_images=len(images), processes=1)
    assert result.mismatches == 0
    assert result.values_compared >= sum(x.size for x in TENSORS.values()) > 0
    simulated = design.simulate(images, processes=1).cycles_per_image
    assert simulated == timing(GRAPH, solution.foldings, TENSORS).cycles_per_image


def test_buffers_are_priced():
    solution = found()
    assert area(GRAPH, solution.foldings).luts > area(GRAPH, without(solution.foldings)).luts
    assert solution.explanation.area == area(GRAPH, solution.foldings)


def test_what_does_not_fit_is_left_out():
    plain = find(GRAPH, PLENTY, tensors=TENSORS, pins=EVENTS)
    kept = found(budget=plain.explanation.area, fit=1.0)
    assert kept.explanation.bursts is None
    assert kept.foldings == plain.foldings


def test_no_buffers_where_nothing_waits():
    white = trace(GRAPH, np.full((3, 1, SIDE, SIDE), WHITE, np.uint8))
    solution = find(GRAPH, PLENTY, tensors=white, bursts=True, pins=EVENTS)
    assert solution.explanation.bursts is None


def test_buffers_that_are_fixed_stay_and_others_are_found_around_them():
    pins = {**EVENTS, "second.0": {"beats": 5}}
    solution = find(GRAPH, PLENTY, tensors=TENSORS, bursts=True, pins=pins)
    assert solution.foldings["second.0"] == BurstBuffer(beats=5)
    bursts = solution.explanation.bursts
    assert bursts is None or "second.0" not in bursts.beats


@pytest.mark.parametrize("pins", [{}, EVENTS])
def test_bursts_need_images(pins):
    with pytest.raises(ValueError, match="need calibration images: none were given"):
        find(GRAPH, PLENTY, bursts=True, pins=pins)
    one = {name: x[:1] for name, x in TENSORS.items()}
    with pytest.raises(ValueError, match="at least two calibration images, not 1"):
        find(GRAPH, PLENTY, tensors=one, bursts=True, pins=pins)


def test_shortcuts_get_deeper_and_other_edges_a_buffer():
    graph = small_graph(0)
    plain = {each.edge: each for each in buffers(graph, {})}
    assert list(plain) == ["residual.0"]
    more = {each.edge: each for each in buffers(graph, {
        "residual.0": BurstBuffer(beats=7), "head.0": BurstBuffer(beats=3)})}
    assert list(more) == ["residual.0", "head.0"]
    layouts = Lowering(graph, least(graph)).layouts
    assert (more["residual.0"].depth(layouts["down"])
            == plain["residual.0"].depth(layouts["down"]) + 7)
    assert more["head.0"].depth(layouts["counts"]) == 3


def test_an_edge_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"'bursting' has no edge 'second\.1' for a buffer; edges "
                                         r"are called READER\.PORT, as 'first\.0'"):
        Lowering(GRAPH, {"second.1": BurstBuffer(beats=3)})
    with pytest.raises(ValueError, match="beats must be at least 1, not 0"):
        BurstBuffer(beats=0)


def test_buffers_travel_with_the_foldings(tmp_path):
    foldings = {**least(GRAPH), "second.0": BurstBuffer(beats=40)}
    assert from_json(json.loads(json.dumps(to_json(foldings)))) == foldings
    path = tmp_path / "pins.toml"
    path.write_text(write_pins(foldings))
    assert find(GRAPH, PLENTY, pins=read_pins(path, GRAPH)).foldings == foldings


@pytest.mark.parametrize(("text", "message"), [
    ("second = 3", "Buffer 'second' must be called READER.PORT, as 'first.0'"),
    ('"second.0" = 0', "Buffer 'second.0': beats must be a whole number above 0, not 0"),
    ('"second.7" = 4', "has no edge 'second.7' for a buffer")])
def test_what_cannot_be_a_buffer_is_refused(tmp_path, text, message):
    path = tmp_path / "pins.toml"
    path.write_text(f"[buffers]\n{text}\n")
    with pytest.raises(ValueError, match=message):
        read_pins(path, GRAPH)
