"""`spikeloom energy`: what it prints, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest

import spikeloom
from sim.activity import Activity, Part
from spikeloom.cli import main
from spikeloom.design import Design
from spikeloom.energy.published import published
from spikeloom.report import read_run
from spikeloom.report.page import render
from tests.ir.graphs import small_graph

IMAGES = np.random.default_rng(7).integers(0, 256, (6, 1, 4, 4), dtype=np.uint8)


@pytest.fixture
def energy(capsys):
    """Runs the command: exit code, standard output, standard error."""
    def run(*arguments: object) -> tuple[int | str | None, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["energy", *map(str, arguments)])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture
def rtl(tmp_path):
    """A design and, beside it, images of a data set of one's own."""
    spikeloom.generate(small_graph(3), target="ulx3s-85f").write(tmp_path / "rtl")
    labels = np.arange(6) % 3
    np.savez(tmp_path / "data.npz", train_images=IMAGES, train_labels=labels, test_images=IMAGES,
             test_labels=labels)
    return tmp_path / "rtl", "--data", tmp_path / "data.npz"


def test_published_energy_beside_the_recomputed_one(energy, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = energy("--published", "spikingformer-8-512")
    assert code == 0
    assert "7.46 " in out and "7.464" in out and "block7.fc2" in out
    assert "README.md" in err
    code, out, _ = energy("--published", "sdt-8-512")
    assert code == 0 and "firing rate at that energy" in out
    code, out, _ = energy("--published", "spikingformer-8-512", "--json")
    found = json.loads(out)
    assert abs(found["recomputed"]["deviation"]) < 0.02
    assert found["kind"] == "modelled"


def test_unknown_published_network(energy):
    code, _, err = energy("--published", "x")
    assert code == 2
    assert all(name in err for name in published())


def test_counts_of_a_design(energy, rtl):
    code, out, _ = energy(*rtl, "--json")
    found = json.loads(out)
    assert code == 0 and found["images"] == 6 and found["activity"] is None
    assert found["totals"]["acs"] > 0 and found["totals"]["memory_nj"] > 0
    code, out, _ = energy(*rtl, "--counting", "papers-mac", "--json")
    assert json.loads(out)["totals"]["macs"] > found["totals"]["macs"]
    code, out, _ = energy(*rtl)
    assert code == 0 and "SOPs" in out and "modelled" in out


def test_activity_makes_power_and_a_table_for_the_next_time(energy, rtl, tmp_path, monkeypatch):
    names = [node.name for node in small_graph(3).nodes]
    parts = {name: Part(bits=10, toggles=50, memories=[]) for name in ["", *names]}
    simulated = Activity(images=2, cycles=100, cycles_per_image=40.0, parts=parts)
    asked = []

    def activity(design: Design, images: np.ndarray, progress=None) -> Activity:
        asked.append(len(images))
        return replace(simulated, images=len(images))

    monkeypatch.setattr(Design, "activity", activity)
    mine = tmp_path / "mine.toml"
    code, out, err = energy(*rtl, "--activity", 2, "--measured-watts", 0.5, "--write-table", mine,
                            "-o", tmp_path / "run")
    assert code == 0 and asked == [2]
    assert "0.5" in out and "toggles" in out and str(mine) in "".join(err.split())
    assert "Placeholders" in err and "static power of LFE5U-85F" in err and "lut_toggle" not in err
    page = render(read_run(tmp_path / "run"))
    assert "Energy of the FPGA" in page and "0.5 W measured on ulx3s-85f" in page
    assert "Assumed, not measured: static power of LFE5U-85F." in page
    code, out, _ = energy(*rtl, "--activity", 2, "--table", mine, "--json")
    assert json.loads(out)["activity"]["watts"] == pytest.approx(0.5)


@pytest.mark.parametrize("arguments, message", [
    (["--published", "sdt-8-512", "rtl"], "--published takes no folder"),
    (["rtl", "--clock-mhz", 50], "--clock-mhz is of the FPGA's model: give --activity N too"),
    (["rtl", "--activity", 2, "--measured-watts", 1], "--write-table go together"),
    (["rtl", "--activity", 1], "1 is not in the range x>=2"),
    ([], "Give a folder or --preset NAME"),
])
def test_wrong_usage(energy, arguments, message):
    code, _, err = energy(*arguments)
    assert code == 2 and message in err
