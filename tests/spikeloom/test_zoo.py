"""`spikeloom zoo` with a circuit that is stood in for: what is run, kept, and said."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from golden import presets
from golden.data import Dataset
from golden.train import train
from sim.compare import Difference
from spikeloom import design, zoo
from spikeloom.cli import main
from spikeloom.design import Design

TESTED = 6


BASE = presets.PRESETS["digits-tiny"]
SMALL = replace(BASE, name="small", dataset="small", seeds=(0,), validation=8,
                architecture="vgg", arguments={
                    "channels": 1, "height": 8, "width": 8, "classes": 10, "steps": 2,
                    "layers": (3, 3, "A", "A"), "map_size": 2, "hidden": 4},
                recipe=replace(BASE.recipe, epochs=1, batch=8),
                finetune=replace(BASE.finetune, epochs=1, batch=8))


def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    train_images, test_images = (rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8)
                                 for count in (40, TESTED))
    return Dataset("small", train_images, np.arange(40) % 10, test_images, np.arange(TESTED))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> Path:
    """What a moment of training gives."""
    folder = tmp_path_factory.mktemp("checkpoints")
    train(SMALL, folder, data=dataset())
    return folder


@pytest.fixture
def tiny(checkpoints, monkeypatch) -> None:
    """One system with one preset, on a data set of few test images."""
    monkeypatch.setattr("golden.preset.FOLDER", checkpoints)
    monkeypatch.setattr(zoo, "SYSTEMS", {"Small one": (SMALL,)})
    monkeypatch.setattr(presets, "ZOO", {"small": SMALL})
    monkeypatch.setattr(zoo, "load", lambda name, folder: dataset())


@pytest.fixture
def verified(monkeypatch) -> list[int]:
    """Stands in for the circuit's simulation; how many images each run had."""
    runs = []

    def verify(self: Design, images, labels, *, trace_images, processes, progress):
        runs.append(len(images))
        return design.Verification(
            images=len(images), traced_images=trace_images, tensors=("a",), values_compared=77,
            mismatches=0, first_difference=None, accuracy_circuit=0.5, accuracy_integer=0.5,
            cycles_per_image=123.0, latency={}, cycles=9, seconds=1.0, build_seconds=1.0)

    monkeypatch.setattr(Design, "verify", verify)
    return runs


def command(capsys, *arguments) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["zoo", *map(str, arguments)])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_training_images_follow_and_count_for_no_accuracy(tiny, verified, capsys, tmp_path):
    code, out, _ = command(capsys, "--images", 10, "-o", tmp_path / "run", "--json")
    (row,) = json.loads(out)
    assert code == 0
    assert verified == [10]
    assert (row["system"], row["preset"], row["dataset"]) == ("Small one", "small", "small")
    assert (row["images"], row["values_compared"], row["mismatches"]) == (10, 77, 0)
    assert row["timesteps"] == 2
    assert row["params"] == 33 + 87 + 56 + 50
    assert row["test_images"] == TESTED
    # all test images were in the run: the same accuracy
    assert row["accuracy_circuit"] == row["accuracy_integer"]
    assert 0 < row["spike_rate"] < 1
    assert row["sops_per_image"] > 0
    assert row["macs_per_image"] > 0
    assert row["cycles_per_image"] == 123.0


def test_results_of_the_same_circuit_are_found_again(tiny, verified, capsys, tmp_path):
    run = ("-o", tmp_path / "run", "--json")
    first = command(capsys, "--images", 4, *run)
    assert command(capsys, "--images", 4, *run)[:2] == first[:2]
    assert verified == [4]
    command(capsys, "--images", 5, *run)
    assert verified == [4, 5]
    (tmp_path / "run" / "small" / "row.json").write_text('{"key": "of another circuit"}')
    command(capsys, "--images", 5, *run)
    assert verified == [4, 5, 5]


@pytest.mark.parametrize("changes", [
    {"mismatches": 1, "first_difference": Difference(
        node="head", image=0, step=0, channel=0, position=(0, 0), expected=1, got=2)},
    {"values_compared": 0}])
def test_a_difference_or_nothing_compared_ends_with_5(tiny, verified, capsys, tmp_path,
                                                      monkeypatch, changes):
    found = Design.verify
    monkeypatch.setattr(Design, "verify",
                        lambda *args, **kwargs: replace(found(*args, **kwargs), **changes))
    code, out, err = command(capsys, "--images", 4, "-o", tmp_path / "run")
    assert code == 5
    assert "small" in out
    assert ("First difference: " in err) == bool(changes.get("mismatches"))


def test_unknown_names_list_the_known(capsys, tmp_path):
    code, _, err = command(capsys, "--only", "QKFormers", "-o", tmp_path)
    assert code == 2
    assert "There is no system or preset 'QKFormers' in the zoo; there are Spikformer," in err
    assert "qkformer-channel" in err


def test_systems_and_presets_are_chosen_by_name():
    assert [entry.preset.name for entry in zoo.chosen(["QKFormer", "sdt-dvs"])] == [
        "sdt-dvs", "qkformer", "qkformer-channel"]
    assert len(zoo.chosen([])) == len({entry.preset.name for entry in zoo.chosen([])}) > 20


def test_more_images_than_there_are(tiny, verified, capsys, tmp_path):
    code, _, err = command(capsys, "--images", 47, "-o", tmp_path / "run")
    assert code == 2
    assert "Data set 'small' has 46 images, not 47" in err
