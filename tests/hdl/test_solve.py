"""Foldings: the least, as fast as asked for, as large as allowed, and never larger than needed."""

from itertools import product

import numpy as np
import pytest

from golden.run import trace
from hdl.cost import area
from hdl.explanation import Limit, Stop
from hdl.folding import from_json, to_json
from hdl.folding_search import Prices, Search
from hdl.folding_space import Choice, Space
from hdl.ops import Association, ConvFolding, ConvForm
from hdl.solve import DoesNotFit, find, least, solve
from hdl.stage_costs import Costs
from hdl.timing import timing
from hdl.weights import Weights
from ir import Budget, Graph, Interval, Node, TensorType
from ir.block_ram import DP16KD, RAMB18, RAMB18_URAM288, SB_RAM40_4K
from ir.ops import Conv, Lif, TimeSum, TokenSum
from tests.hdl.greedy import Greedy
from tests.ir.field import field_graph
from tests.ir.graphs import random_conv, small_graph

PLENTY = Budget(luts=80_000, ffs=80_000, brams=200, dsps=100)


def traced(graph, images=4):
    shape = (images, *graph.image.shape[1:])
    rng = np.random.default_rng(0)
    if graph.image.steps > 1:
        shape = (images, *graph.image.shape)
    return trace(graph, rng.integers(0, 16, shape, dtype=np.uint8))


GRAPH = small_graph(0, channels=12, steps=4)
TENSORS = trace(GRAPH, np.random.default_rng(0).integers(0, 2, (4, 1, 4, 4), dtype=np.uint8))


def test_beyond_what_finding_events_reaches_weights_become_logic():
    graph = small_graph(0, channels=4, steps=1)
    found = find(graph, PLENTY, fps=2.5e6, clock_mhz=100)
    assert found.explanation.cycles <= 40
    assert ConvForm.FOLDED in {folding.form for folding in found.foldings.values()}
    events = {name: {"form": "events"} for name in found.foldings}
    with pytest.raises(ValueError, match="not 2.5e\\+06"):
        find(graph, PLENTY, fps=2.5e6, clock_mhz=100, pins=events)


def test_the_fastest_that_fits_has_weights_in_logic_where_there_is_room():
    graph = small_graph(0, channels=4, steps=1)
    kept, taken = find(graph, PLENTY), find(graph, PLENTY, logic=True)
    assert kept.explanation.stop is Stop.LOGIC_ASIDE
    forms = [[folding.form for folding in found.foldings.values()] for found in (kept, taken)]
    assert forms[0].count(ConvForm.FOLDED) < forms[1].count(ConvForm.FOLDED)
    assert taken.explanation.cycles < kept.explanation.cycles
    assert not area(graph, taken.foldings).excess(PLENTY.scaled(0.8))
    full = find(graph, kept.explanation.area, fit=1.0, logic=True)
    assert full.foldings == kept.foldings
    assert full.explanation.stop is Stop.FULL


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


@pytest.mark.parametrize("seed, shape", list(enumerate([
    {"channels": 4, "size": 4, "steps": 2}, {"channels": 6, "size": 5, "steps": 3},
    {"channels": 12, "size": 4, "steps": 4}, {"channels": 8, "size": 6, "steps": 1},
    {"channels": 16, "size": 4, "steps": 2}])))
def test_never_more_than_plain_widening_takes(seed, shape):
    """At the same rates: by what a part of the device is worth, and almost always in LUTs."""
    graph = small_graph(seed, self_attention=bool(seed % 2), **shape)
    tensors = traced(graph)
    greedy, price = Greedy(graph, tensors), Prices.within(PLENTY)
    _, fastest = greedy.reaching(0)
    assert find(graph, PLENTY, tensors=tensors).explanation.cycles <= 1.005 * fastest
    for factor in (1, 1.5, 3):
        foldings, reached = greedy.reaching(factor * fastest)
        plain = area(graph, foldings)
        found = find(graph, PLENTY, tensors=tensors, fps=100e6 / (reached * 1.000001))
        assert found.explanation.cycles <= reached * 1.00001
        assert price.of(found.explanation.area) <= price.of(plain)
        assert found.explanation.area.luts <= 1.05 * plain.luts


def chain_graph(seed, channels=8):
    """Convolutions on spikes in a row: engines whose halves are alike, and wait for each other."""
    rng = np.random.default_rng(seed)
    lif = [Lif(threshold=rng.integers(1, 25, channels)) for _ in range(2)]
    spikes = TensorType(steps=2, channels=channels, height=5, width=5, interval=Interval(0, 1))
    return Graph("chain", spikes, (
        Node("one", random_conv(rng, channels, channels, 3, padding=1), ("image",)),
        Node("one_lif", lif[0], ("one",)),
        Node("two", random_conv(rng, channels, channels, 3, padding=1), ("one_lif",)),
        Node("two_lif", lif[1], ("two",)),
        Node("tokens", TokenSum(), ("two_lif",)),
        Node("counts", TimeSum(), ("tokens",)),
        Node("head", random_conv(rng, channels, 2), ("counts",))))


def chain_tensors(graph):
    rng = np.random.default_rng(1)
    return trace(graph, (rng.random((3, *graph.image.shape)) < 0.2).astype(np.uint8))


@pytest.mark.parametrize("seed", range(3))
def test_nothing_cheaper_is_as_fast(seed):
    """Against all choices that a graph has, at rates from the slowest to the fastest."""
    graph = chain_graph(seed)
    tensors, prices = chain_tensors(graph), Prices.within(PLENTY)
    costs = Costs(Space(graph), tensors, DP16KD)
    search, every = Search(costs, prices), []
    for cuts in product(*(group.cuts for group in costs.space.groups.values())):
        chosen = dict(zip(costs.space.groups, cuts, strict=True))
        convolutions = [node for node in graph.nodes if isinstance(node.op, Conv)]
        scans = (costs.space.scans(node, chosen[costs.space.group_of[node.inputs[0]]])
                 for node in convolutions)
        for picked in product(*scans):
            names = (node.name for node in convolutions)
            choice = Choice(chosen, dict(zip(names, picked, strict=True)))
            every.append((max(search.services(choice).values()), prices.of(costs.area(choice))))
    assert len(every) > 1000
    rates = sorted({slowest for slowest, _ in every})
    for wanted in rates:
        best = min(price for slowest, price in every if slowest <= wanted)
        found = find(graph, PLENTY, tensors=tensors, fps=100e6 / (wanted * 1.000001))
        assert found.explanation.cycles <= wanted
        assert prices.of(found.explanation.area) <= 1.02 * best
    assert find(graph, PLENTY, tensors=tensors).explanation.cycles <= 1.01 * rates[0]


def association_of(foldings):
    return foldings["sums"].association


def test_the_association_of_attention_is_the_cheaper_one_that_is_fast_enough():
    few = small_graph(0, channels=32, size=4, self_attention=True)
    assert few.types["sums"].positions == 4
    assert association_of(least(few)) is Association.SCORES
    assert association_of(solve(few, PLENTY)) is Association.SCORES
    # Scores of 64 tokens take less room, and 8192 cycles.
    many = small_graph(0, channels=8, size=16, steps=1, self_attention=True)
    assert association_of(least(many)) is Association.SCORES
    fastest = find(many, PLENTY)
    assert association_of(fastest.foldings) is Association.KEYS_VALUES
    assert fastest.explanation.cycles < 8192
    slow = find(many, PLENTY, fps=100e6 / 8200)
    assert association_of(slow.foldings) is Association.SCORES
    scores = {"sums": {"association": "scores"}}
    assert find(many, PLENTY, pins=scores).explanation.slowest == "sums"


def test_scores_reach_rates_that_rows_do_not():
    """Four tokens, heads of eight channels, a step: 16 rows a token, and two scores of 4 cycles."""
    graph = small_graph(0, channels=16, size=4, steps=1, self_attention=True)
    rate = {"fps": 100e6 / 60, "clock_mhz": 100}
    found = find(graph, PLENTY, **rate)
    assert association_of(found.foldings) is Association.SCORES
    assert found.explanation.cycles <= 60
    with pytest.raises(ValueError, match="images per second at 100 MHz"):
        find(graph, PLENTY, **rate, pins={"sums": {"association": "keys-values"}})


def test_stages_that_are_faster_than_needed_shrink():
    graph = chain_graph(0)
    costs = Costs(Space(graph), chain_tensors(graph), DP16KD)
    search, groups = Search(costs, Prices.within(PLENTY)), costs.space.groups
    widest = {name: group.cuts[-1] for name, group in groups.items()}
    choice = Choice(widest, {node.name: costs.space.scans(node, widest[name])[-1]
                             for name, group in groups.items() for node in group.readers})
    wanted = 2 * max(search.services(choice).values())
    found = search.shrunk(choice, wanted)
    assert max(search.services(found).values()) <= wanted
    assert costs.area(found).luts < 0.85 * costs.area(choice).luts
    assert costs.area(search.settled(wanted)).luts < costs.area(found).luts


@pytest.mark.parametrize("resource", ["luts", "ffs"])
def test_no_more_logic_is_used_than_its_share(resource):
    """Half of the way from the least to the fastest design."""
    rich = find(GRAPH, PLENTY, tensors=TENSORS).explanation
    least_need, most = (getattr(need, resource) for need in (
        area(GRAPH, least(GRAPH)), rich.area))
    share = (least_need + most) // 2
    scarce = Budget(**{**vars(PLENTY), resource: round(share / 0.9)})
    found = find(GRAPH, scarce, tensors=TENSORS, fit=0.9)
    assert least_need < getattr(area(GRAPH, found.foldings), resource) <= share < most
    assert found.explanation.cycles > rich.cycles
    assert (found.explanation.stop, found.explanation.short) == (Stop.FULL, (resource,))


def test_scarce_block_ram_is_saved_with_logic():
    graph = field_graph(2)
    tensors = traced(graph, 2)
    rich = find(graph, PLENTY, tensors=tensors).explanation.area
    scarce = Budget(**{**vars(PLENTY), "brams": rich.brams - 2})
    found = find(graph, scarce, tensors=tensors, fit=1.0).explanation.area
    assert found.brams < rich.brams and found.luts > rich.luts


def test_no_multiplier_is_needed_where_levels_are_multiplied():
    found = find(field_graph(2), Budget(**{**vars(PLENTY), "dsps": 0}))
    assert found.explanation.area.dsps == 0


def test_block_ram_is_counted_as_the_device_has_it():
    small = find(GRAPH, PLENTY, tensors=TENSORS, blocks=SB_RAM40_4K)
    assert small.explanation.area == area(GRAPH, small.foldings, blocks=SB_RAM40_4K)
    assert small.explanation.area.brams > area(GRAPH, small.foldings).brams


def test_weights_that_block_ram_cannot_hold_lie_elsewhere():
    graph = small_graph(3, channels=24, bits=8)
    pins = {node.name: {"form": "events"} for node in graph.nodes if isinstance(node.op, Conv)}
    for urams, where in ((4, Weights.LOADED), (0, Weights.LOGIC)):
        tight = Budget(**{**vars(PLENTY), "brams": 6, "urams": urams})
        found = find(graph, tight, blocks=RAMB18_URAM288, pins=pins)
        assert where in {found.foldings[name].weights for name in pins}
        assert found.explanation.area == area(graph, found.foldings, blocks=RAMB18_URAM288)
        assert not found.explanation.area.excess(tight)
    with pytest.raises(DoesNotFit, match="brams 13 of 6"):
        find(graph, tight, blocks=RAMB18, pins=pins)


def test_the_stated_activity_is_folded_for():
    rates = {node.name: 0.02 for node in GRAPH.nodes}
    quiet = Graph(GRAPH.name, GRAPH.image, GRAPH.nodes, activity=rates)
    bound = find(GRAPH, PLENTY, fps=150_000).explanation
    less = find(quiet, PLENTY, fps=150_000).explanation
    assert less.cycles <= bound.cycles and less.area.luts < bound.area.luts


def test_an_unreachable_rate_names_the_stage():
    with pytest.raises(ValueError, match="images per second at 100 MHz, not 1e\\+09: stage '"):
        solve(GRAPH, PLENTY, tensors=TENSORS, fps=1e9, clock_mhz=100)


def test_a_rate_that_does_not_fit_says_what_is_short():
    smallest, fast = area(GRAPH, least(GRAPH)), find(GRAPH, PLENTY, tensors=TENSORS).explanation
    tight = Budget(**{**vars(PLENTY), "luts": round(1.02 * smallest.luts)})
    with pytest.raises(ValueError, match="cycles per image; faster ones are short of luts"):
        solve(GRAPH, tight, tensors=TENSORS, fps=fast.fps, clock_mhz=100)


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


@pytest.mark.parametrize("argument", [{"fit": 0.0}, {"fit": 1.5}, {"fps": 0}, {"clock_mhz": 0}])
def test_nonsense_is_refused(argument):
    with pytest.raises(ValueError, match="must be"):
        solve(GRAPH, PLENTY, tensors=TENSORS, **argument)


def test_an_explanation_adds_up():
    found = find(GRAPH, PLENTY, tensors=TENSORS, fps=50_000, clock_mhz=80).explanation
    timed = timing(GRAPH, solve(GRAPH, PLENTY, tensors=TENSORS, fps=50_000, clock_mhz=80), TENSORS)
    assert [(stage.name, stage.cycles) for stage in found.stages] == [
        (stage.name, stage.busy_cycles_per_image) for stage in timed.stages]
    assert (found.slowest, found.cycles) == (timed.slowest, timed.bound_cycles_per_image)
    assert max(stage.share for stage in found.stages) == 1.0
    assert found.fps == 80e6 / found.cycles >= 50_000 == found.wanted_fps
    assert sum((stage.area for stage in found.stages), found.front) == found.area
    assert found.stop is Stop.REACHED and found.images == 4
    stem = next(stage for stage in found.stages if stage.name == "stem")
    assert stem.folding is not None and stem.limit is Limit.MULTIPLY
    assert found.reason.endswith("; the rate asked for is reached")
    assert f"{found.slowest} takes {found.cycles:.0f} cycles per image" in found.reason


def test_without_a_rate_the_reason_is_room_or_the_slowest_stage():
    widest = find(GRAPH, PLENTY, tensors=TENSORS).explanation
    assert widest.stop is Stop.LOGIC_ASIDE and not widest.short and widest.wanted_fps is None
    assert find(GRAPH, PLENTY).explanation.images is None
