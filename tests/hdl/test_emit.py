"""What a design's folder holds."""

import json
import re

import pytest

from hdl.emit import emit
from hdl.registers import REGISTERS
from hdl.solve import least
from tests.ir.graphs import small_graph


@pytest.fixture(scope="module")
def files():
    graph = small_graph(0)
    return emit(graph, least(graph), target="ulx3s-85f")


def test_modules_are_named_after_nodes(files):
    text = files["spikeloom.v"].decode()
    modules = re.findall(r"^module \\?(\S+?) ?\(", text, re.M)
    assert modules[0] == "spikeloom" and len(modules) == len(set(modules))
    for node in small_graph(0).nodes:
        assert f"spikeloom.network.{node.name}" in modules


def test_every_memory_is_a_file_that_the_verilog_reads(files):
    named = set(re.findall(r'\.INIT\("(.*?)"\)', files["spikeloom.v"].decode()))
    manifest = json.loads(files["manifest.json"])
    assert named == set(manifest["memories"]) == {p for p in files if p.startswith("memory/")}
    assert len(named) > 10


def test_every_tensor_has_its_probe(files):
    text = files["spikeloom.v"].decode()
    tensors = json.loads(files["manifest.json"])["tensors"]
    assert [t["name"] for t in tensors] == list(small_graph(0).types)
    for entry in tensors:
        assert f"wire {entry['fire']};" in text and entry["data"] in text


def test_the_register_map_is_documented(files):
    document = files["REGISTERS.md"].decode()
    assert all(f"| 0x{r.address:02x} | {r.name} |" in document for r in REGISTERS)


def test_same_input_same_bytes(files):
    graph = small_graph(0)
    assert emit(graph, least(graph), target="ulx3s-85f") == files
