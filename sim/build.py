"""Compile the circuit of an rtl folder to a program, once."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sim.harness import HARNESS, header, wrapper
from sim.manifest import Manifest
from sim.tools import WAVE_FLAGS, WAVE_VARIABLES, Toolchain, cache_folder, find_toolchain

__all__ = ["COMMON", "FLAGS", "OPTIMISATION", "BuildError", "Built", "build", "cached",
           "compile_program", "make_command", "run_tool"]

DRIVER = Path(__file__).with_name("driver.cpp")
WARNINGS = ("-Wno-fatal", "-Wno-WIDTH", "-Wno-UNOPTFLAT", "-Wno-CASEINCOMPLETE",
            "-Wno-UNUSEDSIGNAL", "-Wno-DECLFILENAME", "-Wno-PINCONNECTEMPTY")
# Small files, so that all processors compile.
COMMON = ("-O3", "--x-assign", "fast", "--x-initial", "unique", "--output-split", "5000",
          "--output-split-cfuncs", "1000", "--no-timing", "--timescale", "1ns/1ps", *WARNINGS)
FLAGS = ("--cc", "--exe", *COMMON)
# Every bit of every wire is counted, however wide it is; a memory's words are not wires.
TOGGLE_FLAGS = ("--trace-saif", "--trace-max-array", "1", "--trace-max-width", "1000000")
# -O2 makes the simulation 3 % faster and takes a quarter longer to compile.
OPTIMISATION = ("OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1")


class BuildError(RuntimeError):
    """Verilator or the compiler refused a circuit; the message ends with what they said."""


@dataclass(frozen=True)
class Built:
    """A compiled circuit; ``seconds`` is what compiling took, 0.0 if it was there already."""

    program: Path
    seconds: float


def build(manifest: Manifest, *, waves: bool = False, toggles: bool = False) -> Built:
    """Compile a circuit with the bulk driver, or take the program that did so before.

    The program reads its memory contents when it starts, so it runs in ``manifest.folder`` and
    does not depend on them. ``waves`` makes the variant that can write FST, ``toggles`` the
    one that counts toggles and writes SAIF instead.
    Raises :exc:`sim.tools.ToolMissing` or :exc:`BuildError`.
    """
    toolchain = find_toolchain()
    files = {
        **{name: (manifest.folder / name).read_bytes() for name in manifest.sources},
        f"{HARNESS}.v": wrapper(manifest, registered=True).encode(),
        "probes.h": header(manifest).encode(),
        "driver.cpp": DRIVER.read_bytes(),
    }
    flags = [*FLAGS, *(["--trace-fst", *WAVE_FLAGS] if waves else []),
             *(TOGGLE_FLAGS if toggles else [])]
    recipe = [*flags, *OPTIMISATION]

    folder, seconds = cached("simulator", files, recipe, toolchain, lambda folder: compile_program(
        folder, toolchain, HARNESS, flags, [f"{HARNESS}.v", *manifest.sources, "driver.cpp"]))
    return Built(folder / "simulator", seconds)


def compile_program(folder: Path, toolchain: Toolchain, top: str, flags: Sequence[str],
                    sources: Sequence[str]) -> None:
    """Make ``simulator`` of Verilog with top module ``top`` and its driver, all in ``folder``."""
    run_tool([*toolchain.verilator, *flags, "--top-module", top, "--prefix", f"V{top}", "-Mdir",
              "objects", "-o", "simulator", *sources], folder, toolchain)
    run_tool([*make_command(toolchain, top), "USER_CPPFLAGS=-I.."], folder, toolchain)
    (folder / "objects" / "simulator").replace(folder / "simulator")
    shutil.rmtree(folder / "objects")


def make_command(toolchain: Toolchain, top: str = HARNESS) -> list[str]:
    """The command that compiles what Verilator has written to ``objects``."""
    return [toolchain.make, "-s", "-j", str(os.cpu_count() or 1), "-C", "objects", "-f",
            f"V{top}.mk", *OPTIMISATION, *WAVE_VARIABLES, *toolchain.make_variables]


def cached(kind: str, files: Mapping[str, bytes], recipe: list[str], toolchain: Toolchain,
           make: Callable[[Path], None]) -> tuple[Path, float]:
    """The folder that ``make`` fills from ``files`` by ``recipe``, and the seconds that took.

    It is named by the digest of all of them and of the tools. Work goes on beside and is renamed
    when it is complete, so that an interruption leaves nothing that looks finished.
    """
    digest = hashlib.sha256()
    for part in (kind, toolchain.version, toolchain.compiler, toolchain.compiler_version,
                 *recipe):
        digest.update(part.encode() + b"\0")
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    home = cache_folder()
    folder = home / f"{kind}-{digest.hexdigest()[:32]}"
    if folder.is_dir():
        return folder, 0.0
    home.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with (open(home / f".{folder.name}.lock", "w") as lock,
          tempfile.TemporaryDirectory(prefix=".making-", dir=home) as name):
        # Whoever wants the same waits; the lock goes with its process, however that ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            beside = Path(name) / kind
            for path, content in files.items():
                (beside / path).parent.mkdir(parents=True, exist_ok=True)
                (beside / path).write_bytes(content)
            make(beside)
            beside.rename(folder)
    return folder, time.monotonic() - started


def run_tool(command: list[str], folder: Path, toolchain: Toolchain,
             environment: Mapping[str, str] | None = None) -> None:
    """Run a tool with its children in ``folder``; none of them outlives an interruption.

    Raises :exc:`BuildError` with the end of its output when it fails.
    """
    with subprocess.Popen(command, cwd=folder, env=environment or toolchain.environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          start_new_session=True) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        lines = output.strip().splitlines()
        errors = [line for line in lines if "rror" in line][:5]
        raise BuildError(f"{Path(command[0]).name} {Path(command[1]).name} failed with exit code "
                         f"{process.returncode}:\n" + "\n".join([*errors, "...", *lines[-15:]]))
