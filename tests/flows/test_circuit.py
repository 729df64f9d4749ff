"""Reading a generated design, and what is said of one that is damaged."""

import json

import pytest

from flows import Circuit, read_circuit
from flows.circuit import Port


@pytest.fixture
def folder(tmp_path, tiny):
    for path, content in {**tiny.sources, **tiny.memories}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    manifest = {"top": "tiny", "sources": list(tiny.sources), "memories": list(tiny.memories)}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def test_a_design_is_read_whole(folder, tiny):
    assert read_circuit(folder) == tiny
    assert tiny.ports == (Port("clk", 1, True), Port("rst", 1, True), Port("address", 6, True),
                          Port("write", 1, True), Port("data", 16, True),
                          Port("total", 16, False), Port("busy", 1, False))


def test_ports_of_another_module_are_not_taken():
    source = (b"module b(x);\n  input [8:0] x;\nendmodule\n"
              b"module a(clk, y);\n  input clk;\n  wire clk;\n  output [3:0] y;\n"
              b"  reg [3:0] y;\nendmodule\nmodule a_long(z);\n  output z;\nendmodule\n")
    circuit = Circuit(top="a", sources={"a.v": source})
    assert circuit.ports == (Port("clk", 1, True), Port("y", 4, False))


def test_a_folder_without_manifest(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not a generated design: it has no manifest"):
        read_circuit(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", '{"top": "tiny"}', "\xff"])
def test_a_damaged_manifest(folder, text):
    (folder / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"manifest.json is damaged .*; generate the design again"):
        read_circuit(folder)


@pytest.mark.parametrize("name", ["tiny.v", "memory/tiny.hex"])
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name}, listed in manifest.json, is missing"):
        read_circuit(folder)


@pytest.mark.parametrize("source, message", [
    (b"module b(clk);\n  input clk;\nendmodule\n", "No module is called 'a' in a.v"),
    (b"module a(y);\n  output y;\nendmodule\n", "Module 'a' has no input 'clk'"),
    (b"module a(clk);\n  input clk;\nendmodule\n", "Module 'a' has no outputs"),
])
def test_a_circuit_that_cannot_be_built(source, message):
    with pytest.raises(ValueError, match=message):
        Circuit(top="a", sources={"a.v": source})
