"""Compile a circuit for cocotb and run all benches on it."""

import json
import os
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cocotb
import cocotb_tools
import numpy as np

from golden.run import logits
from ir.folder import digest, load
from sim.benches.vectors import VARIABLE, Vectors
from sim.build import WARNINGS, BuildError, cached, run_tool
from sim.manifest import Manifest, read_manifest
from sim.tools import Toolchain, find_toolchain

__all__ = ["BENCHES", "BenchResult", "NoTestRan", "run_benches"]

BENCHES = ("images", "resets", "packets", "registers")
"""The modules of tests in this package."""

ROOT = Path(__file__).parents[2]


class NoTestRan(RuntimeError):
    """cocotb ended without having run a test, so nothing is known of the circuit."""


@dataclass(frozen=True, kw_only=True)
class BenchResult:
    """How the benches went.

    Parameters
    ----------
    passed, failed : int
    failures : tuple of str
        Name and message of each test that failed.
    log : str
        The last lines that the simulation printed, if a test failed.
    """

    passed: int
    failed: int
    failures: tuple[str, ...]
    log: str


def run_benches(folder: Path | str, images: np.ndarray | None = None, *,
        benches: Sequence[str] = BENCHES, deadline: int = 1_000_000,
        seed: int = 1) -> BenchResult:
    """Run the benches on the circuit of an rtl folder.

    Parameters
    ----------
    images : uint8 array ``[N, C, H, W]``, optional
        Two or more to send; default: three of noise, from ``seed``.
    benches : names of :data:`BENCHES`
    deadline : int
        Cycles in which an image must have come out.

    Raises
    ------
    NoTestRan
        When the simulation ended before the first test.
    """
    if unknown := [name for name in benches if name not in BENCHES]:
        raise ValueError(f"No bench is called {unknown[0]!r}; there are {', '.join(BENCHES)}")
    manifest = read_manifest(folder)
    if images is None:
        images = np.random.default_rng(seed).integers(
            0, 256, (3, *manifest.image_shape), dtype=np.uint8)
    vectors = _vectors(manifest, images, deadline)
    toolchain = find_toolchain()
    built = _compile(manifest, toolchain)
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as name:
        work = Path(name)
        vectors.save(work / "vectors.npz")
        results, log = work / "results.xml", work / "log.txt"
        complaint = ""
        try:
            _launch(toolchain, "test", {
                "test_module": [f"sim.benches.{bench}" for bench in benches],
                "hdl_toplevel": manifest.top, "hdl_toplevel_lang": "verilog",
                "build_dir": str(built), "test_dir": str(manifest.folder),
                "results_xml": str(results), "seed": seed, "log_file": str(log),
                "extra_env": {VARIABLE: str(work / "vectors.npz")}}, work)
        except BuildError as error:
            complaint = str(error)
        if not results.exists():
            raise NoTestRan(f"No cocotb test ran on {manifest.folder}: {complaint}\n{_end(log)}")
        return _result(results, log)


def _vectors(manifest: Manifest, images: np.ndarray, deadline: int) -> Vectors:
    """Vectors for a circuit from images, uint8 ``[N, C, H, W]``, by its graph in golden."""
    graph = load(manifest.folder / "net")
    words = manifest.beats(images)
    beats = manifest.input_beats
    lengths = np.array(sorted({1, beats // 2, beats - 1} - {0, beats}), int)
    short = np.zeros((len(lengths), beats), "<u4")
    for row, length in zip(short, lengths, strict=True):
        row[:length] = words[0, :length]
    channels, height, width = manifest.image_shape
    pixels = manifest.pixels_of(short)
    short_images = pixels.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
    return Vectors(
        words=words.astype(np.int64), logits=logits(graph, images), short_beats=lengths,
        short_logits=logits(graph, np.ascontiguousarray(short_images)),
        network=int(digest(graph)[:8], 16), pixels=manifest.pixels, deadline=deadline)


def _result(results: Path, log: Path) -> BenchResult:
    cases = list(ElementTree.parse(results).iter("testcase"))
    failures = tuple(
        f"{case.get('classname')}.{case.get('name')}: {trouble.get('message', '')}".strip()
        for case in cases
        for trouble in [*case.findall("failure"), *case.findall("error")])
    ran = [case for case in cases if case.find("skipped") is None]
    if not ran:
        raise NoTestRan(f"cocotb found no test\n{_end(log)}")
    return BenchResult(passed=len(ran) - len(failures), failed=len(failures), failures=failures,
                       log=_end(log) if failures else "")


def _end(log: Path, lines: int = 60) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def _compile(manifest: Manifest, toolchain: Toolchain) -> Path:
    files = {name: (manifest.folder / name).read_bytes() for name in manifest.sources}
    arguments = [*WARNINGS, "-O3", "--x-initial", "unique", "--no-timing"]
    recipe = [*arguments, cocotb.__version__, str(Path(cocotb_tools.__file__).parent)]

    def compile_in(folder: Path) -> None:
        _launch(toolchain, "build", {
            "sources": list(manifest.sources), "hdl_toplevel": manifest.top,
            "build_dir": ".", "build_args": arguments, "always": True,
            "timescale": ["1ns", "1ps"]}, folder)

    return cached("cocotb", files, recipe, toolchain, compile_in)[0]


def _launch(toolchain: Toolchain, method: str, arguments: dict, folder: Path) -> None:
    environment = toolchain.environment(toolchain.shim())
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    # Under pytest cocotb would take its own test runner's ways; these runs are not pytest's.
    for name in [name for name in environment if name.startswith(("PYTEST_", "COCOTB_"))]:
        del environment[name]
    run_tool([sys.executable, "-m", "sim.benches.launch", json.dumps([method, arguments])],
             folder, toolchain, environment)
