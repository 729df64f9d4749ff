"""`spikeloom explore` and the documents it leaves, with figures that are made up."""

import json
from contextlib import contextmanager

import pytest

from spikeloom.cli import main
from spikeloom.explore.workers import Workers
from tests.spikeloom.spaces import TINY
from tests.spikeloom.test_explore import Sequential, row, stub

MEASURED = {"energy_kind": "modelled", "circuit_kind": "measured", "cycles_per_image": 900.0,
            "brams": 2, "ffs": 9, "dsps": 0, "fmax_mhz": 101.5, "images": 20, "traced_images": 20,
            "values_compared": 4000, "mismatches": 0}


@pytest.fixture
def explore(capsys, tmp_path, monkeypatch):
    """Runs the command on the tiny space with one process: exit code, output, errors."""
    (tmp_path / "tiny.toml").write_text(TINY)

    @contextmanager
    def opened(description):
        assert description == {"kind": "local", "workers": 3}
        yield Sequential()

    def confirmed(space, point, data_dir, folder):
        bits = point["bits_stem"] + point["bits_mlp"] + point["bits_attention"]
        return {"point": dict(point), **row(0.5 + bits / 50, float(bits)), **MEASURED}

    def run(*arguments: str, judge=stub, confirm=confirmed):
        monkeypatch.setattr(Workers, "opened", staticmethod(opened))
        monkeypatch.setattr("spikeloom.explore.search.judge", judge)
        monkeypatch.setattr("spikeloom.explore.search.confirm", confirm)
        with pytest.raises(SystemExit) as ended:
            main(["explore", str(tmp_path / "tiny.toml"), "--trials", "8", "--workers", "3",
                  "-o", str(tmp_path / "run"), *arguments])
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


def test_the_front_as_json_and_as_a_page(explore, tmp_path):
    code, out, err = explore("--members", "3", "--json")
    result = json.loads(out)
    assert code == 0
    assert result == json.loads((tmp_path / "run" / "front.json").read_text()) | {
        "report": str(tmp_path / "run" / "report.html")}
    assert len(result["front"]) >= 3 and len(result["trials"]) == 8
    assert all(member["mismatches"] == 0 < member["values_compared"]
               for member in result["front"])
    assert len({member["accuracy"] for member in result["front"]}) == len(result["front"])
    assert "trial 7: " in err and "confirmed " in err
    assert result["front"][0]["name"] in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize("wrong", [{"mismatches": 3}, {"values_compared": 0}])
def test_what_is_not_proven_is_no_member(explore, wrong):
    def broken(space, point, data_dir, folder):
        return {"point": dict(point), **row(0.9, 1.0), **MEASURED, **wrong}

    code, out, _ = explore("--members", "1", "--json", confirm=broken)
    assert code == 5
    assert json.loads(out)["front"] == [] and json.loads(out)["report"] is None


def test_a_space_without_circuits_says_why(explore):
    code, _, err = explore(judge=lambda space, point, data: {"point": dict(point),
                                                             "reason": "no room"})
    assert code == 2
    assert "None of 8 trials is a circuit; the first: no room" in err


def test_workers_or_a_cluster(explore):
    code, _, err = explore("--cluster", "x.toml")
    assert code == 2 and "Give --workers or --cluster, one of both" in err
