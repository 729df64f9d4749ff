"""Foldings that a person fixes: kept as they are, the rest chosen; what cannot be is refused."""

import json

import pytest

from hdl.cost import area
from hdl.explanation import Limit, Stop
from hdl.folding import from_json, pins_of, to_json, whole
from hdl.lowering import Lowering
from hdl.ops import Association, ConvFolding, ConvForm, SelfAttentionFolding
from hdl.pins import read_pins, write_pins
from hdl.solve import find, least
from ir import Budget
from tests.ir.field import field_graph
from tests.ir.graphs import small_graph

GRAPH = small_graph(0, channels=12)
ATTENTION = small_graph(0, channels=8, self_attention=True)
PLENTY = Budget(luts=80_000, ffs=80_000, brams=200, dsps=100)


def pins(tmp_path, text, graph=GRAPH):
    (tmp_path / "mine.toml").write_text(text)
    return read_pins(tmp_path / "mine.toml", graph)


def test_what_is_fixed_stays_and_the_rest_is_chosen(tmp_path):
    fixed = pins(tmp_path, "[nodes.qkv]\nlanes = 6\ndrain = 2\n[nodes.head]\nlanes = 3\n")
    assert fixed == {"qkv": {"lanes": 6, "drain": 2}, "head": {"lanes": 3}}
    free, found = find(GRAPH, PLENTY), find(GRAPH, PLENTY, pins=fixed)
    assert (found.foldings["qkv"].lanes, found.foldings["qkv"].drain) == (6, 2)
    assert found.foldings["head"].lanes == 3
    assert (free.foldings["qkv"].lanes, free.foldings["head"].lanes) != (6, 3)
    assert found.foldings.keys() == free.foldings.keys()
    assert Lowering(GRAPH, found.foldings).layouts["attention"].block == 6
    assert least(GRAPH, fixed)["qkv"].lanes == 6


def test_a_node_s_table_goes_before_patterns_and_later_patterns_before_earlier(tmp_path):
    fixed = pins(tmp_path, '[patterns."*"]\ndrain = 1\nlanes = 3\n[patterns."q*"]\nlanes = 12\n'
                           "[nodes.qkv]\nlanes = 4\n")
    assert fixed["qkv"] == {"drain": 1, "lanes": 4}
    assert fixed["down"] == fixed["head"] == {"drain": 1, "lanes": 3}


def test_all_that_is_written_is_read_again(tmp_path):
    for graph in (GRAPH, ATTENTION, field_graph()):
        found = find(graph, PLENTY)
        fixed = pins(tmp_path, write_pins(found.foldings), graph)
        assert fixed == pins_of(found.foldings)
        again = find(graph, PLENTY, pins=fixed)
        assert again.foldings == found.foldings
        assert again.explanation.stop is Stop.GIVEN
        assert again.explanation.area == found.explanation.area


def test_a_form_that_is_fixed_stays(tmp_path):
    events = pins(tmp_path, '[patterns."*"]\nform = "events"\n')
    assert {folding.form for folding in least(GRAPH, events).values()} == {ConvForm.EVENTS}
    assert area(GRAPH, least(GRAPH)).luts < 0.7 * area(GRAPH, least(GRAPH, events)).luts
    serial = pins(tmp_path, '[nodes.qkv]\nform = "serial"\nlanes = 4\ndrain = 2\n')
    found = find(GRAPH, PLENTY, pins=serial).foldings
    assert (found["qkv"].form, found["qkv"].lanes, found["qkv"].drain) == (ConvForm.SERIAL, 4, 2)
    assert Lowering(GRAPH, found).layouts["down_lif"].lanes == found["qkv"].scan


def test_a_convolution_is_folded_by_hand(tmp_path):
    folded = pins(tmp_path, '[nodes.head]\nform = "folded"\n')
    assert find(GRAPH, PLENTY, pins=folded).foldings["head"].form is ConvForm.FOLDED


def test_a_linear_layer_has_tables_where_a_person_asks_for_them(tmp_path):
    fixed = pins(tmp_path, '[nodes.projection]\nform = "tables"\n')
    found = find(GRAPH, PLENTY, pins=fixed)
    layout = Lowering(GRAPH, found.foldings).layouts["projection"]
    assert found.foldings["projection"].form is ConvForm.TABLES
    assert layout.block == layout.tensor.channels
    assert ConvForm.TABLES not in {each.form for each in find(GRAPH, PLENTY).foldings.values()}


def test_names_of_any_kind_are_written(tmp_path):
    text = write_pins({"a.b \"c\"": ConvFolding(lanes=4, drain=2, scan=1)})
    with pytest.raises(ValueError, match="No node is called 'a.b \"c\"'"):
        pins(tmp_path, text)


def test_foldings_of_all_nodes_are_whole():
    foldings = least(GRAPH)
    assert whole(foldings, GRAPH)
    assert not whole({**foldings, "qkv": {"lanes": 4}}, GRAPH)
    assert not whole({name: foldings[name] for name in ("qkv", "stem")}, GRAPH)


@pytest.mark.parametrize("text, message", [
    ("[nodes.qvk]\nlanes = 4", (r"mine\.toml: No node is called 'qvk'; those with a folding are "
                               r"stem, down, qkv, projection, head")),
    ("[nodes.residual]\nlanes = 4", ("Node 'residual' has no folding; Add takes the cut of its "
                                    "input 'down'")),
    ("[nodes.qkv]\nlane = 4", "Node 'qkv' has no 'lane' to fix; Conv has lanes, drain, scan, form"),
    ("[nodes.qkv]\nform = 'dense'", ("Node 'qkv': form must be one of events, serial, "
                                     "folded, tables, not 'dense'")),
    ("[nodes.qkv]\nlanes = 0", "Node 'qkv': lanes must be a whole number above 0, not 0"),
    ("[nodes.qkv]\nlanes = true", "Node 'qkv': lanes must be a whole number above 0, not True"),
    ("[nodes.qkv]\nlanes = '4'", "Node 'qkv': lanes must be a whole number above 0, not '4'"),
    ("[nodes.qkv]\nlanes = 5", "Node 'qkv': lanes = 5 does not divide 12"),
    ("[nodes.qkv]\nlanes = 24", "Node 'qkv': lanes = 24 does not divide 12"),
    ("[nodes.qkv]\nlanes = 6\ndrain = 4", "Node 'qkv': drain = 4 does not divide 6"),
    ("[nodes.head]\ndrain = 3", "Node 'head': drain = 3 must be 1, logits leave one by one"),
    ("[nodes.down]\nlanes = 4\n[nodes.projection]\nlanes = 6",
     "Node 'projection': lanes = 6, but 'down' has 4; their outputs meet and must be cut alike"),
    ("[nodes.down]\nlanes = 4\n[nodes.projection]\ndrain = 3",
     "Node 'projection': drain = 3 does not divide the 4 lanes of 'down'; their outputs meet"),
    ("[nodes.stem]\nlanes = 4\n[nodes.down]\nscan = 12",
     ("Node 'down': scan = 12 must divide a block of its input and be a multiple of its lanes; "
     "'stem_lif' comes in blocks of 4")),
    ("[nodes.stem]\nscan = 2", ("Node 'stem': scan = 2 must divide a block of its input .*'image' "
                               "comes in blocks of 1")),
    ('[patterns."w*"]\nlanes = 4', r"Pattern 'w\*' matches no node that has a folding; those are"),
    ("[node.qkv]\nlanes = 4", "There is no table 'node'; there are nodes, patterns"),
    ("nodes = 3", r"'nodes' must hold tables, as \[nodes.NAME\]"),
    ("[nodes.qkv\n", r"mine\.toml is no TOML: "),
])
def test_what_cannot_be_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        pins(tmp_path, text)


def test_drains_of_attentions_divide_a_head(tmp_path):
    with pytest.raises(ValueError, match="Node 'sums': drain = 3 does not divide 4"):
        pins(tmp_path, "[nodes.sums]\ndrain = 3", ATTENTION)
    fixed = pins(tmp_path, "[nodes.sums]\ndrain = 2", ATTENTION)
    assert find(ATTENTION, PLENTY, pins=fixed).foldings["sums"].drain == 2


def test_an_association_is_fixed_by_hand(tmp_path):
    for association in Association:
        fixed = pins(tmp_path, f'[nodes.sums]\nassociation = "{association}"', ATTENTION)
        found = find(ATTENTION, PLENTY, pins=fixed)
        assert found.foldings["sums"].association is association
        assert least(ATTENTION, fixed)["sums"].association is association
        stage = next(stage for stage in found.explanation.stages if stage.name == "sums")
        assert (stage.limit is Limit.SCORES) == (association is Association.SCORES)
        again = from_json(json.loads(json.dumps(to_json(found.foldings))))
        assert again == found.foldings
    # Files from before there were two.
    assert from_json({"sums": {"kind": "SelfAttentionFolding", "drain": 2}}) == {
        "sums": SelfAttentionFolding(drain=2, association=Association.KEYS_VALUES)}


@pytest.mark.parametrize("text, graph, message", [
    ("association = 'queries'", ATTENTION,
     "Node 'sums': association must be one of keys-values, scores, not 'queries'"),
    ("lanes = 4", ATTENTION, "Node 'sums' has no 'lanes' to fix; SelfAttention has drain, assoc"),
    ("association = 'scores'", field_graph(),
     r"Node 'sums': association = scores takes spikes, '\w+' is counts of 0\.\.\d"),
])
def test_an_association_that_cannot_be_is_refused(tmp_path, text, graph, message):
    with pytest.raises(ValueError, match=message):
        pins(tmp_path, f"[nodes.sums]\n{text}", graph)


def test_a_rate_that_what_is_fixed_does_not_reach_is_refused():
    with pytest.raises(ValueError, match="stage 'down' needs"):
        find(GRAPH, PLENTY, pins={"down": {"lanes": 1}}, fps=60_000)
