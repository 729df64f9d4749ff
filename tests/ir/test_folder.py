import hashlib
import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import numpy as safetensors

from ir import Graph, Node, pixels
from ir.folder import GRAPH, WEIGHTS, digest, load, save
from ir.ops import TimeSum
from tests.ir.graphs import graphs, small_graph

ZEROS = "0" * 64


def assert_same(a: Graph, b: Graph) -> None:
    assert (a.name, a.image, a.encoding, dict(a.notes), dict(a.activity)) == (
        b.name, b.image, b.encoding, dict(b.notes), dict(b.activity))
    assert dict(a.types) == dict(b.types)
    for x, y in zip(a.nodes, b.nodes, strict=True):
        assert (x.name, x.inputs, type(x.op)) == (y.name, y.inputs, type(y.op))
        for f in fields(x.op):
            left, right = getattr(x.op, f.name), getattr(y.op, f.name)
            assert type(left) is type(right)
            assert np.array_equal(left, right)


def resigned(folder: Path, change) -> None:
    """Apply ``change`` to the parsed document and make the sums right again."""
    document = json.loads((folder / GRAPH).read_text())
    change(document)
    document["weights"] = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    text = json.dumps({**document, "sha256": ZEROS}, indent=1) + "\n"
    total = hashlib.sha256(text.encode()).hexdigest()
    (folder / GRAPH).write_text(text.replace(ZEROS, total))


def rewrite_arrays(folder: Path, change) -> None:
    arrays = safetensors.load((folder / WEIGHTS).read_bytes())
    change(arrays)
    (folder / WEIGHTS).write_bytes(safetensors.save(arrays))
    resigned(folder, lambda document: None)


@pytest.fixture
def folder(tmp_path) -> Path:
    save(small_graph(), tmp_path / "net")
    return tmp_path / "net"


@given(graphs())
def test_round_trip(tmp_path_factory, graph):
    first, second = (tmp_path_factory.mktemp("graph") / "net" for _ in range(2))
    save(graph, first)
    assert_same(load(first), graph)
    save(load(first), second)
    for name in (GRAPH, WEIGHTS):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert digest(load(first)) == digest(graph)


def test_bytes_are_the_same_in_another_process(folder, tmp_path):
    code = ("import sys; from ir.folder import save; from tests.ir.graphs import small_graph; "
            "save(small_graph(), sys.argv[1])")
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "other")], check=True)
    for name in (GRAPH, WEIGHTS):
        assert (folder / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_notes_and_activity_travel(tmp_path):
    graph = small_graph()
    noted = Graph("noted", graph.image, graph.nodes, graph.encoding, {"accuracy": 0.5},
                  {"image": 0.4, "stem": 1.0})
    save(noted, tmp_path / "net")
    assert_same(load(tmp_path / "net"), noted)


def test_digest_tells_networks_apart_but_not_names_and_notes():
    graph = small_graph()
    noted = Graph("other", graph.image, graph.nodes, graph.encoding, {"accuracy": 0.5},
                  {"image": 0.4})
    assert digest(graph) == digest(noted) == digest(small_graph())
    assert digest(graph) != digest(small_graph(1))
    assert len(digest(graph)) == 64


def test_arrays_lie_in_the_narrowest_type(folder):
    arrays = safetensors.load((folder / WEIGHTS).read_bytes())
    assert arrays["stem.weight"].dtype == np.int8
    assert arrays["stem_lif.threshold"].dtype == np.int16


@given(st.sampled_from([GRAPH, WEIGHTS]), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path_factory, name, place, change):
    folder = tmp_path_factory.mktemp("graph") / "net"
    save(small_graph(), folder)
    data = bytearray((folder / name).read_bytes())
    data[int(place * len(data))] ^= change
    (folder / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name} (is|was|has|holds)"):
        load(folder)


@pytest.mark.parametrize(("old", "new"), [
    ('"TO_ZERO"', '"BY_THRESHOLD"'), ('"seed": 0', '"seed": 1'), ("\n", "\n "), ("1/255", "1/256")])
def test_an_edit_that_would_make_sense_is_noticed(folder, old, new):
    text = (folder / GRAPH).read_text()
    assert old in text
    (folder / GRAPH).write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match="graph.json was altered: its sha256 is not the one"):
        load(folder)


@pytest.mark.parametrize("name", [GRAPH, WEIGHTS])
@pytest.mark.parametrize("kept", [0, 1, 100])
def test_truncated(folder, name, kept):
    (folder / name).write_bytes((folder / name).read_bytes()[:kept])
    with pytest.raises(ValueError, match=f"{name} (is damaged|was altered or truncated)"):
        load(folder)


@pytest.mark.parametrize("name", [GRAPH, WEIGHTS])
def test_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"net lacks {name}; write the graph again"):
        load(folder)


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder; a graph is a folder of"):
        load(tmp_path / "nowhere")


def test_foreign_json(folder):
    (folder / GRAPH).write_text('{"nodes": []}')
    with pytest.raises(ValueError, match="is not a spikeloom graph: it does not say so"):
        load(folder)


def field(node: int, name: str, value):
    return lambda document: document["nodes"][node]["fields"].__setitem__(name, value)


def entry(node: int, name: str, value):
    return lambda document: document["nodes"][node].__setitem__(name, value)


def put(name: str, value):
    return lambda document: document.__setitem__(name, value)


@pytest.mark.parametrize(("change", "message"), [
    (put("version", 2), "has version 2 of the format; this program reads version 1"),
    (put("extra", 1), "the graph has an unknown field 'extra'; known: format, version"),
    (put("name", 7), "the name must be text, not 7"),
    (put("encoding", {"scale": "1/0", "mean": [0], "std": [1]}), r"Fraction\(1, 0\)"),
    (put("encoding", {"scale": "1/256", "mean": [0]}), "the encoding lacks 'std'"),
    (put("image", []), r"the image must be a mapping, not \[\]"),
    (put("image", {"steps": 1, "channels": 1, "height": 4.0, "width": 4, "interval": [0, 255]}),
     "image height must be an integer, not 4.0"),
    (put("nodes", [3]), "a node must be a mapping, not 3"),
    (entry(0, "op", "Pool"), "node 'stem' has an unknown operator 'Pool'; known: Add, Concat"),
    (entry(0, "color", "red"), "a node has an unknown field 'color'"),
    (entry(0, "inputs", [1]), "node 'stem': an input must be text, not 1"),
    (entry(0, "inputs", ["nowhere"]), "Node 'stem' reads 'nowhere'"),
    (field(0, "dilation", 2), r"node 'stem' \(Conv\) has an unknown field 'dilation'; known: "),
    (field(0, "stride", "1"), "node 'stem': Conv stride must be an integer, not '1'"),
    (field(0, "stride", True), "node 'stem': Conv stride must be an integer, not True"),
    (field(0, "stride", 0), "node 'stem': Conv stride must be at least 1, not 0"),
    (field(0, "weight_bits", 3), r"node 'stem': Conv weight -?\d is outside -4..3, the range of 3"),
    (field(2, "reset", "NEVER"), "Lif reset must be one of TO_ZERO, BY_THRESHOLD, not 'NEVER'"),
    (lambda document: document["nodes"][0]["fields"].pop("stride"),
     r"node 'stem' \(Conv\) lacks 'stride'"),
])
def test_foreign_document_is_refused(folder, change, message):
    resigned(folder, change)
    with pytest.raises(ValueError, match=message):
        load(folder)


@pytest.mark.parametrize(("change", "message"), [
    (lambda arrays: arrays.pop("stem.bias"), "node 'stem': weights.safetensors lacks 'stem.bias'"),
    (lambda arrays: arrays.update({"stem.more": arrays["stem.bias"]}),
     "weights.safetensors holds 'stem.more', which no node has"),
    (lambda arrays: arrays.update({"stem.weight": arrays["stem.weight"].astype(np.float32)}),
     "node 'stem': 'stem.weight' must be signed integers, not float32"),
    (lambda arrays: arrays.update({"stem.bias": arrays["stem.bias"][:-1].copy()}),
     "node 'stem': Conv bias has 3 values for 4 output channels"),
    (lambda arrays: arrays.update({"stem.weight": arrays["stem.weight"][0].copy()}),
     "node 'stem': Conv weight must have 4 axes, not 3"),
    (lambda arrays: arrays.update({"stem.weight": arrays["stem.weight"] * 0 + 100}),
     "node 'stem': Conv weight 100 is outside -8..7, the range of 4 bits"),
])
def test_foreign_arrays_are_refused(folder, change, message):
    rewrite_arrays(folder, change)
    with pytest.raises(ValueError, match=message):
        load(folder)


def test_weights_that_are_no_safetensors(folder):
    (folder / WEIGHTS).write_bytes(b"\x80\x04pickle")
    resigned(folder, lambda document: None)
    with pytest.raises(ValueError, match="weights.safetensors holds no safetensors"):
        load(folder)


@pytest.mark.parametrize(("value", "error", "message"), [
    ([1], TypeError, r"Graph note 'why' must be text or a number, not \[1\]"),
    (float("nan"), ValueError, "Graph note 'why' must be finite, not nan"),
])
def test_notes_that_cannot_be_written(tmp_path, value, error, message):
    graph = Graph("g", pixels(2, 1, 1), (Node("sum", TimeSum(), ("image",)),),
                  notes={"why": value})
    with pytest.raises(error, match=message):
        save(graph, tmp_path / "net")
    assert not list(tmp_path.iterdir())
