"""Runs a Verilog test bench that prints three numbers."""

import subprocess
from pathlib import Path

from sim.tools import find_toolchain

__all__ = ["simulated"]


def simulated(top: str, folder: Path) -> tuple[int, int, int]:
    """Compile all Verilog of a folder, run bench ``top`` and return what it printed first."""
    tools = find_toolchain()
    make = [word for setting in tools.make_variables for word in ("-MAKEFLAGS", setting)]
    subprocess.run([*tools.verilator, "--binary", "--timing", "-Wno-fatal", "-Wno-lint",
                    "-Wno-style", "--top-module", top, *make,
                    *sorted(path.name for path in folder.glob("*.v"))],
                   check=True, cwd=folder, env=tools.environment(), capture_output=True)
    run = subprocess.run([folder / "obj_dir" / f"V{top}"], check=True, cwd=folder,
                         capture_output=True, text=True)
    cycles, different, telling = (int(word) for word in run.stdout.splitlines()[0].split())
    return cycles, different, telling
