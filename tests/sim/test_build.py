"""Compiled once, rebuilt when anything changed, whole or not at all."""

import signal
import time

import pytest

from sim.build import BuildError, build, cached, run_tool
from sim.manifest import read_manifest
from sim.tools import find_toolchain


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKELOOM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def maker(log):
    def make(folder):
        log.append(folder)
        (folder / "made").write_bytes((folder / "a" / "source").read_bytes() * 2)
    return make


def test_a_circuit_is_compiled_once_for_any_contents(circuit):
    first = build(read_manifest(circuit()))
    again = build(read_manifest(circuit(port=1)))
    assert again.program == first.program and again.seconds == 0.0


def test_verilog_that_is_wrong_is_refused(circuit, own_cache):
    folder = circuit()
    (folder / "spikeloom.v").write_text("module spikeloom (input clk); nonsense endmodule\n")
    with pytest.raises(BuildError, match="(?s)verilator failed with exit code.*spikeloom.v:1"):
        build(read_manifest(folder))
    assert not [path for path in own_cache.iterdir() if path.suffix != ".lock"]


def test_same_inputs_are_taken_from_the_cache(own_cache):
    log, toolchain = [], find_toolchain()
    files = {"a/source": b"x"}
    folder, seconds = cached("thing", files, ["flag"], toolchain, maker(log))
    assert (folder / "made").read_bytes() == b"xx" and seconds > 0
    assert cached("thing", files, ["flag"], toolchain, maker(log)) == (folder, 0.0)
    others = [cached("thing", files, ["other"], toolchain, maker(log))[0],
              cached("thing", {"a/source": b"y"}, ["flag"], toolchain, maker(log))[0],
              cached("thing", {"a/source": b"x", "b": b""}, ["flag"], toolchain, maker(log))[0],
              cached("else", files, ["flag"], toolchain, maker(log))[0]]
    assert len({folder, *others}) == len(log) == 5


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_build_leaves_nothing_that_looks_finished(own_cache, error):
    toolchain = find_toolchain()

    def interrupted(folder):
        (folder / "half").write_text("half")
        raise error

    with pytest.raises(error):
        cached("thing", {"a/source": b"x"}, [], toolchain, interrupted)
    assert not [path for path in own_cache.iterdir() if path.suffix != ".lock"]
    folder, _ = cached("thing", {"a/source": b"x"}, [], toolchain, maker([]))
    assert not (folder / "half").exists()


def test_an_interrupted_tool_ends_with_its_children(tmp_path):
    def interrupt(signum, frame):
        raise KeyboardInterrupt

    beats = tmp_path / "beats"
    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_tool(["sh", "-c", "(while :; do echo >> beats; sleep 0.02; done) & wait"],
                     tmp_path, find_toolchain())
    finally:
        signal.signal(signal.SIGALRM, previous)
    before = beats.stat().st_size
    assert before > 0
    time.sleep(0.5)
    assert beats.stat().st_size == before


def test_a_failing_tool_tells_what_it_said(tmp_path):
    with pytest.raises(BuildError, match="(?s)sh -c failed with exit code 3.*it hurts"):
        run_tool(["sh", "-c", "echo it hurts >&2; exit 3"], tmp_path, find_toolchain())
