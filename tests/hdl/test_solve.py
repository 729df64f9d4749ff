"""Foldings: the least, as fast as asked for, as large as allowed."""

import numpy as np
import pytest

from golden.run import trace
from hdl.cost import area
from hdl.folding import from_json, to_json
from hdl.ops import ConvFolding
from hdl.solve import DoesNotFit, least, solve
from hdl.timing import timing
from ir import Budget
from tests.ir.graphs import small_graph

GRAPH = small_graph(0, channels=12, steps=4)
TENSORS = trace(GRAPH, np.random.default_rng(0).integers(0, 2, (4, 1, 4, 4), dtype=np.uint8))
PLENTY = Budget(luts=80_000, ffs=80_000, brams=200, dsps=100)


def cycles(foldings):
    return timing(GRAPH, foldings, TENSORS).cycles_per_image


def test_more_area_is_never_slower():
    smallest = least(GRAPH)
    largest = solve(GRAPH, PLENTY, tensors=TENSORS, fit=1.0)
    assert area(GRAPH, smallest).luts < area(GRAPH, largest).luts
    assert cycles(largest) < cycles(smallest)


def test_a_rate_is_reached_with_no_more_than_it_takes():
    slow, fast = cycles(least(GRAPH)), cycles(solve(GRAPH, PLENTY, tensors=TENSORS))
    wanted = 0.95 * slow + 0.05 * fast
    found = solve(GRAPH, PLENTY, tensors=TENSORS, fps=100e6 / wanted, clock_mhz=100)
    assert timing(GRAPH, found, TENSORS).bound_cycles_per_image <= wanted
    assert area(GRAPH, found).luts < area(GRAPH, solve(GRAPH, PLENTY, tensors=TENSORS)).luts


def test_an_unreachable_rate_names_the_stage():
    with pytest.raises(ValueError, match="images per second at 100 MHz, not 1e\\+09: stage '"):
        solve(GRAPH, PLENTY, tensors=TENSORS, fps=1e9, clock_mhz=100)


def test_too_small_a_device_says_what_is_short():
    small = Budget(luts=100, ffs=100_000, brams=100, dsps=0)
    with pytest.raises(DoesNotFit, match=r"luts \d+ of 100 \(\d+ too many\)") as caught:
        solve(GRAPH, small)
    assert caught.value.need == area(GRAPH, least(GRAPH)) and caught.value.budget == small


def test_foldings_survive_json():
    foldings = solve(GRAPH, PLENTY, tensors=TENSORS)
    assert from_json(to_json(foldings)) == foldings and "stem" in foldings
    with pytest.raises(ValueError, match="is of kind 'Nothing'; there are ConvFolding"):
        from_json({"stem": {"kind": "Nothing"}})
    with pytest.raises(ValueError, match="Folding of 'stem'"):
        from_json({"stem": {"kind": ConvFolding.__name__, "lane": 1}})


@pytest.mark.parametrize("argument", [{"fit": 0.0}, {"fit": 1.5}, {"fps": 0}])
def test_nonsense_is_refused(argument):
    with pytest.raises(ValueError, match="must be"):
        solve(GRAPH, PLENTY, tensors=TENSORS, **argument)
