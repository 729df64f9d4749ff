import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spikeloom
from golden import run
from ir import Graph
from ir.folder import save
from spikeloom import analysis
from spikeloom.cli import main
from spikeloom.design import MANIFEST, Design
from spikeloom.verification import measure
from tests.ir.graphs import small_graph

IMAGES = np.random.default_rng(7).integers(0, 256, (12, 1, 4, 4), dtype=np.uint8)
LABELS = np.arange(12) % 3


@pytest.fixture(scope="module")
def graph() -> Graph:
    return small_graph(3)


@pytest.fixture(scope="module")
def rtl(graph, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("design") / "rtl"
    spikeloom.generate(graph, target="ulx3s-85f").write(folder)
    return folder


@pytest.fixture(scope="module")
def design(rtl) -> Design:
    return spikeloom.read_design(rtl)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def test_folder_holds_all_that_others_need(rtl):
    files = contents(rtl)
    assert {"spikeloom.v", "spikeloom_memory.v", "spikeloom.f", MANIFEST, "REGISTERS.md",
            "net/graph.json", "net/weights.safetensors", "tb/spikeloom_tb.v"} <= set(files)
    assert set(json.loads(files[MANIFEST])["memories"]) <= set(files)


def test_same_bytes_in_another_process(rtl, graph, tmp_path):
    save(graph, tmp_path / "net")
    code = ("import sys, spikeloom; "
            "spikeloom.generate(spikeloom.load_graph(sys.argv[1])).write(sys.argv[2])")
    subprocess.run([sys.executable, "-c", code, tmp_path / "net", tmp_path / "rtl"], check=True)
    assert contents(tmp_path / "rtl") == contents(rtl)


def test_what_is_read_writes_the_same(rtl, design, tmp_path):
    design.write(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(rtl)


def test_foldings_of_ones_own(graph, design):
    again = spikeloom.generate(graph, foldings=design.foldings)
    assert again.cost() == design.cost()


def test_predictions_are_the_integer_network_s(graph, design):
    classes = design.predict(IMAGES)
    assert classes.dtype == np.int64 and classes.shape == (12,)
    assert np.array_equal(classes, run.logits(graph, IMAGES).argmax(1))


def test_simulation_gives_logits_cycles_and_latencies(graph, design):
    found = design.simulate(IMAGES)
    assert np.array_equal(found.logits, run.logits(graph, IMAGES))
    assert found.logits.dtype == np.int64
    assert found.cycles_per_image and found.cycles_per_image > 0
    assert set(graph.types) <= set(found.latency)


def test_a_design_that_was_never_written_simulates_too(graph):
    found = spikeloom.generate(graph).verify(IMAGES[:2])
    assert found.equal


def test_verification_counts_what_it_compared(graph, design):
    found = design.verify(IMAGES, LABELS, trace_images=4)
    traced = 4 * sum(kind.values for kind in graph.types.values())
    assert found.images == 12
    assert found.mismatches == 0
    assert found.values_compared >= traced + 12 * graph.classes
    assert found.accuracy_circuit == found.accuracy_integer


def test_cost_is_estimated(design):
    cost = design.cost(IMAGES)
    assert cost.kind == "estimated"
    assert cost.area.luts > 0
    assert cost.timing and cost.timing.cycles_per_image >= cost.timing.bound_cycles_per_image > 0
    assert design.cost().timing is None


def test_measure_tells_all_of_a_run(design):
    result = json.loads(json.dumps(measure(design, IMAGES, LABELS, trace_images=12)))
    for name in ("preset", "images", "values_compared", "mismatches", "accuracy_float",
                 "accuracy_integer", "accuracy_circuit", "cycles_per_image",
                 "bound_cycles_per_image", "seconds"):
        assert name in result
    assert result["traced_images"] == result["images"] == 12
    assert result["mismatches"] == 0
    assert result["accuracy_float"] is None
    assert 0 < result["bound_ratio"] <= 1.001
    assert result["slowest"] in {stage["name"] for stage in result["stages"]}
    assert [layer["name"] for layer in result["layers"]] == [n.name for n in design.graph.nodes]
    spiking = {layer["name"]: layer["spike_rate"] for layer in result["layers"]}
    assert spiking["stem"] is None and 0 <= spiking["stem_lif"] <= 1
    assert all(layer["latency_cycles"] > 0 for layer in result["layers"])


def test_an_analysis_does_not_depend_on_its_batches(design, monkeypatch):
    whole = analysis.analyse(design, IMAGES)
    monkeypatch.setattr(analysis, "BATCH", 5)
    parts = analysis.analyse(design, IMAGES)
    assert parts.images == whole.images == 12
    assert parts.bound_cycles_per_image == pytest.approx(whole.bound_cycles_per_image)
    assert [s.busy_cycles for s in parts.stages] == pytest.approx(
        [s.busy_cycles for s in whole.stages])
    assert [layer.spike_rate for layer in parts.layers] == pytest.approx(
        [layer.spike_rate for layer in whole.layers])
    assert parts.energy.acs == pytest.approx(whole.energy.acs)


def images_of_ones_own(folder: Path) -> Path:
    np.savez(folder / "mine.npz", train_images=IMAGES, train_labels=LABELS, test_images=IMAGES,
             test_labels=LABELS)
    return folder / "mine.npz"


def command(capsys, *arguments) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_commands_on_data_of_ones_own(capsys, rtl, tmp_path):
    mine = images_of_ones_own(tmp_path)
    code, out, _ = command(capsys, "verify", rtl, "--data", mine, "--json", "-o", tmp_path / "run")
    result = json.loads(out)
    assert (code, result["images"], result["mismatches"]) == (0, 12, 0)
    assert json.loads((tmp_path / "run" / "verification.json").read_text()) == result
    code, out, _ = command(capsys, "simulate", rtl, "--data", mine, "--images", 3, "--json")
    result = json.loads(out)
    assert (code, len(result["logits"])) == (0, 3)
    assert result["cycles_per_second"] > 0
    code, _, err = command(capsys, "report", tmp_path / "run")
    assert code == 0 and "report.html" in err.replace("\n", "")  # a long path is wrapped


def test_a_circuit_with_one_wrong_weight_is_caught(capsys, rtl, tmp_path):
    broken = tmp_path / "broken"
    for name, content in contents(rtl).items():
        (broken / name).parent.mkdir(parents=True, exist_ok=True)
        (broken / name).write_bytes(content)
    weights = next(path for path in sorted((broken / "memory").glob("*.hex"))
                   if "head" in path.name and "weight" in path.name)
    words = weights.read_text().split()
    words = [f"{int(word, 16) ^ 1:0{len(word)}x}" for word in words]
    weights.write_text("\n".join(words) + "\n")
    code, out, err = command(capsys, "verify", broken, "--data", images_of_ones_own(tmp_path),
                             "--json")
    result = json.loads(out)
    assert code == 5
    assert result["mismatches"] > 0
    assert result["first_difference"]["node"] == "head"
    assert "First difference: node 'head'" in err


@pytest.mark.parametrize("name", ["spikeloom.v", MANIFEST, "net/graph.json"])
def test_a_damaged_design_is_refused(capsys, rtl, tmp_path, name):
    broken = tmp_path / "broken"
    for path, content in contents(rtl).items():
        (broken / path).parent.mkdir(parents=True, exist_ok=True)
        (broken / path).write_bytes(content)
    if name == "spikeloom.v":
        (broken / name).unlink()
    else:
        (broken / name).write_bytes((broken / name).read_bytes()[:20])
    code, out, err = command(capsys, "verify", broken, "--data", images_of_ones_own(tmp_path))
    assert (code, out) == (2, "")
    assert "Error: " in err and "Traceback" not in err
