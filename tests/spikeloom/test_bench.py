"""`spikeloom bench` with checks that are stood in for: what is kept, told and written."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from golden.layers.weights import Weights, settle
from golden.zoo.patch_transformer import patch_transformer
from golden.zoo.spikformer import spikformer
from golden.zoo.spiking_transformer import spiking_transformer
from spikeloom.bench import checks
from spikeloom.bench.checks import CHECKS
from spikeloom.bench.peers.spikingjelly import Twin
from spikeloom.bench.row import ESTIMATED, Finding, Goal, NotMeasured, Peer
from spikeloom.bench.run import Check
from spikeloom.cli import main


@pytest.fixture
def counted(monkeypatch) -> list[str]:
    """The rows in the order in which they were measured."""
    measured: list[str] = []

    def check(name: str, value: float | None, goal: Goal | None) -> Check:
        def measure(setting) -> Finding:
            measured.append(name)
            if value is None:
                raise NotMeasured("it rains")
            return Finding(value=value, kind=ESTIMATED, how="by hand", figures={"luts": 7},
                           peers=(Peer("another", 2.0, "7 LUT"), Peer("third", None, "too slow")))
        return Check(name=name, unit="m", goal=goal, measure=measure, packages=("ir",))

    monkeypatch.setattr(checks, "CHECKS", (
        check("a/near", 1.0, Goal(False, 2)), check("a/far", 3.0, Goal(False, 2)),
        check("b", None, Goal(True, 1)), check("c", 5.0, None)))
    return measured


def bench(capsys, folder: Path, *arguments: str) -> tuple[int, list[dict]]:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--json", "-o", str(folder), *arguments])
    return int(ended.value.code or 0), json.loads(capsys.readouterr().out)


def test_rows_are_measured_once_and_tell_what_was_missed(counted, capsys, tmp_path):
    code, rows = bench(capsys, tmp_path)
    assert [(row["name"], row["value"], row["met"]) for row in rows] == [
        ("a/near", 1.0, True), ("a/far", 3.0, False), ("b", None, False), ("c", 5.0, None)]
    assert code == 5
    assert rows[0]["target"] == "<= 2"
    assert rows[2]["how"] == "not measured: it rains"
    assert all({"unit", "peer", "how"} <= row.keys() for row in rows)
    assert rows[0]["peer"] == "another: 2 (7 LUT); third: too slow"
    assert [row["ratios"] for row in rows] == [{"another": 0.5}, {"another": 1.5}, {},
                                               {"another": 2.5}]
    assert bench(capsys, tmp_path) == (5, rows)
    assert counted == ["a/near", "a/far", "b", "c", "b"]


def test_rows_are_chosen_by_name_or_first_part(counted, capsys, tmp_path):
    code, rows = bench(capsys, tmp_path, "--only", "a/near", "--only", "c")
    assert (code, [row["name"] for row in rows]) == (0, ["a/near", "c"])
    _, rows = bench(capsys, tmp_path, "--only", "a")
    assert [row["name"] for row in rows] == ["a/near", "a/far"]
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--only", "near"])
    assert ended.value.code == 2
    assert "has no row 'near'; it has a/near, a/far, b, c" in capsys.readouterr().err


def test_a_row_of_other_sources_or_damaged_is_measured_again(counted, capsys, tmp_path):
    place = tmp_path / "c.json"
    bench(capsys, tmp_path, "--only", "c")
    place.write_text(place.read_text().replace('"key": "', '"key": "0'))
    bench(capsys, tmp_path, "--only", "c")
    place.write_text("{")
    bench(capsys, tmp_path, "--only", "c")
    assert counted == ["c", "c", "c"]


def test_the_page_has_every_row_and_what_was_not_measured(counted, capsys, tmp_path):
    docs = tmp_path / "bench.md"
    bench(capsys, tmp_path / "rows", "--only", "a", "--docs", str(docs))
    assert ("| a/far |  | 3 |  | m | <= 2 | no | another: 2 (7 LUT); third: too slow | "
            "another: 1.5 |") in docs.read_text()
    assert "| c | not measured |  |  | m |  |  |  |  |" in docs.read_text()
    assert "- **b**: not measured: not yet." in docs.read_text()


def test_the_page_keeps_rows_of_another_folder(counted, capsys, tmp_path):
    docs = tmp_path / "bench.md"
    _, first = bench(capsys, tmp_path / "one", "--only", "a", "--docs", str(docs))
    beside = json.loads(docs.with_suffix(".json").read_text())
    assert [row["name"] for row in beside] == ["a/near", "a/far", "b", "c"]
    assert beside[:2] == first and beside[3]["value"] is None
    _, rows = bench(capsys, tmp_path / "two", "--only", "c", "--docs", str(docs))
    assert [row["name"] for row in rows] == ["c"]
    assert json.loads(docs.with_suffix(".json").read_text()) == [*first, beside[2], *rows]
    assert "| a/far |  | 3 |" in docs.read_text() and "| c |  | 5 |" in docs.read_text()
    assert counted == ["a/near", "a/far", "c"]
    docs.with_suffix(".json").write_text("[1]")
    assert bench_fails(capsys, tmp_path / "two", docs) == 2
    assert docs.with_suffix(".json").read_text() == "[1]"


def bench_fails(capsys, folder: Path, docs: Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "--only", "c", "-o", str(folder), "--docs", str(docs)])
    assert "bench.json holds no rows of the bench" in " ".join(capsys.readouterr().err.split())
    return int(ended.value.code or 0)


def test_names_are_unique():
    assert len({check.name for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("net", [
    spikformer(channels=3, height=16, width=16, classes=10, steps=2, dim=16, heads=2, blocks=1),
    spiking_transformer(channels=3, height=16, width=16, classes=10, steps=2, stem=(8,),
                        strides=(2, 2), dim=16, blocks=1, hidden=32, position=True),
    patch_transformer(channels=3, height=16, width=16, classes=10, stem=((4, 4, 0, 16),),
                      blocks=1, hidden=16, parallel=True)])
def test_what_spikingjelly_runs_is_the_same_network(net):
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (8, 3, 16, 16), np.uint8))
    settle(net, images, batch=8)
    net.eval()
    with torch.no_grad():
        for layer in net.layers.values():
            if isinstance(layer, Weights) and layer.norm:
                layer.bias += 0.7  # so that all neurons have something to say
        logits = Twin(net)(images)
        assert logits.std() > 0
        assert torch.allclose(logits, net(images), atol=1e-5)
