"""`spikeloom generate`: what it explains, and foldings that a person fixes."""

import json

import numpy as np
import pytest

import spikeloom
from hdl.explanation import Stop
from hdl.ops import ConvFolding
from hdl.solve import least
from ir.folder import save
from spikeloom.cli import main
from spikeloom.errors import TargetTooSmall
from tests.hdl import test_burst_buffers
from tests.ir.graphs import small_graph

GRAPH = small_graph(3)


@pytest.fixture
def run(capsys, tmp_path):
    """Runs a command on a small net: exit code, standard output, standard error."""
    save(GRAPH, tmp_path / "net")

    def command(name, *arguments):
        place = tmp_path / ("net" if name == "generate" else "rtl")
        to = ["-o", str(tmp_path / "rtl")] if name == "generate" else []
        with pytest.raises(SystemExit) as ended:
            main([name, str(place), *map(str, arguments), *to])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, " ".join(captured.err.split())

    return command


def test_a_table_of_stages_and_a_reason(run):
    code, out, err = run("generate", "--fps", 10_000)
    assert code == 0
    for node in GRAPH.nodes:
        assert node.name in out
    assert out.count(" < ") == 1 and "100 %" in out and "AXI ports" in out
    assert " serial " in out and "events" not in out and "constant" not in out
    assert "Why no faster: " in err and "the rate asked for is reached" in err


def test_the_explanation_as_json(run):
    code, out, _ = run("generate", "--json", "--clock-mhz", 50)
    found = json.loads(out)["explanation"]
    assert code == 0 and found["kind"] == "estimated"
    stages = {stage["name"]: stage for stage in found["stages"]}
    assert set(stages) == {"image", *(node.name for node in GRAPH.nodes)}
    assert stages["stem"]["folding"].keys() == {"lanes", "drain", "scan", "form", "weights"}
    assert stages[found["slowest"]]["share"] == 1
    assert stages[found["slowest"]]["cycles"] == found["cycles_per_image"]
    assert (found["fps"], found["clock_mhz"]) == (50e6 / found["cycles_per_image"], 50)
    assert (found["stop"], found["images"], found["wanted_fps"]) == ("logic_aside", None, None)
    parts = [stage["area"]["luts"] for stage in found["stages"]] + [found["front"]["luts"]]
    assert sum(parts) == json.loads(out)["area"]["luts"]


def test_foldings_written_are_foldings_read(run, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("[nodes.qkv]\nlanes = 2\n")
    run("generate", "--folding", mine, "--write-folding", tmp_path / "all.toml")
    manifest = (tmp_path / "rtl" / "manifest.json").read_text()
    assert json.loads(manifest)["foldings"]["qkv"]["lanes"] == 2
    code, out, _ = run("generate", "--folding", tmp_path / "all.toml", "--json")
    assert code == 0 and json.loads(out)["explanation"]["stop"] == "given"
    assert (tmp_path / "rtl" / "manifest.json").read_text() == manifest


def test_calibration_images_size_buffers(tmp_path, capsys):
    """Foldings are fixed, and buffers found with a data set of one's own."""
    images = test_burst_buffers.halves()
    labels = np.zeros(len(images), np.int64)
    np.savez(tmp_path / "data.npz", train_images=images, train_labels=labels,
             test_images=images, test_labels=labels)
    save(test_burst_buffers.GRAPH, tmp_path / "net")
    (tmp_path / "mine.toml").write_text("[patterns.\"*\"]\nform = \"events\"\n")

    def explained(*options):
        with pytest.raises(SystemExit) as ended:
            main(["generate", str(tmp_path / "net"), "-o", str(tmp_path / "rtl"), "--json",
                  "--folding", str(tmp_path / "mine.toml"), *options])
        assert ended.value.code == 0
        return json.loads(capsys.readouterr().out)["explanation"]

    assert explained()["bursts"] is None
    found = explained("--calibrate", str(tmp_path / "data.npz"))
    assert found["images"] == len(images)
    bursts = found["bursts"]
    assert bursts["beats"] and bursts["after"] < bursts["before"]
    foldings = json.loads((tmp_path / "rtl" / "manifest.json").read_text())["foldings"]
    assert {name: each["beats"] for name, each in foldings.items()
            if each["kind"] == "BurstBuffer"} == bursts["beats"]


@pytest.mark.parametrize("text, message", [
    ("[nodes.qvk]\nlanes = 4", "mine.toml: No node is called 'qvk'; those with a folding are"),
    ("[nodes.qkv]\nlanes = 3", "mine.toml: Node 'qkv': lanes = 3 does not divide 4"),
])
def test_a_fixed_folding_that_cannot_be_is_wrong_input(run, tmp_path, text, message):
    (tmp_path / "mine.toml").write_text(text)
    code, out, err = run("generate", "--folding", tmp_path / "mine.toml")
    assert (code, out) == (2, "") and message in err
    assert not (tmp_path / "rtl").exists()


def test_a_missing_file_is_named(run, tmp_path):
    code, _, err = run("generate", "--folding", tmp_path / "none.toml")
    assert code == 2 and "none.toml: No such file" in err


@pytest.mark.parametrize("target", ["kv260", "zcu104", "zcu102", "pynq-z2", "arty-a7-35",
                                    "de10-nano", "de0-cv", "ice40-hx8k-evn"])
def test_every_family_can_be_planned_for(target):
    design = spikeloom.generate(small_graph(channels=24), target)
    assert design.cost().area.brams > 0
    assert design.explanation and design.explanation.area == design.cost().area


def test_a_target_without_an_open_flow_says_what_to_do(run):
    assert run("generate", "--target", "kv260")[0] == 0
    code, out, err = run("synth", "--target", "kv260")
    assert (code, out) == (2, "")
    assert "Target 'kv260' has no open flow here" in err and "AMD Vivado" in err


def test_foldings_of_some_nodes_stay_and_the_rest_is_chosen():
    whole = spikeloom.generate(GRAPH, foldings={"qkv": ConvFolding(lanes=2, drain=1, scan=1)})
    assert whole.foldings["qkv"] == ConvFolding(lanes=2, drain=1, scan=1)
    part = spikeloom.generate(GRAPH, foldings={"qkv": {"lanes": 2}})
    assert part.foldings["qkv"].lanes == 2 and part.foldings.keys() == whole.foldings.keys()


def test_foldings_of_all_nodes_are_taken_as_they_are():
    foldings = least(GRAPH)
    design = spikeloom.generate(GRAPH, foldings=foldings)
    assert design.foldings is foldings and design.explanation is None
    explained = design.explain()
    assert explained.stop is Stop.GIVEN and explained.area == design.cost().area
    assert explained.clock_mhz == 120


def test_too_large_is_generated_as_small_as_it_can_be_and_explained():
    graph = small_graph(channels=96, size=8, bits=8)
    with pytest.warns(TargetTooSmall, match="Targets that would hold it: .*ulx3s-85f"):
        design = spikeloom.generate(graph, "icebreaker")
    assert design.explanation and design.explanation.stop is Stop.TOO_LARGE
    assert "brams" in design.explanation.short
