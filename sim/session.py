"""A generated circuit by hand: set and read its signals, step its clock, record waves."""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from pyverilator import PyVerilator

from sim.build import COMMON, OPTIMISATION, cached, make_command, run_tool
from sim.harness import HARNESS, PORTS, wrapper
from sim.manifest import Manifest, read_manifest
from sim.pool import DEADLINE, SimulationTimeout
from sim.tools import WAVE_FLAGS, find_toolchain

__all__ = ["Session"]

WIDTHS = {name: width for direction, name, width in PORTS if direction == "input"}
GENERATE = ("from pyverilator import PyVerilator; "
            "PyVerilator.build('{top}.v', preceding_files={first!r}, build_dir='objects', "
            "args={arguments!r}, dump_fst=True, gen_only=True)")


class Session:
    """A circuit that is simulated cycle by cycle, at the pace of whoever calls.

    After construction the circuit has been reset and is idle. Outputs follow inputs at once; a
    call of :meth:`step` is a whole clock cycle, after which the outputs of the new state can be
    read. Slow beside :mod:`sim.run`: for looking, not for test sets.

    Parameters
    ----------
    folder : path
        An rtl folder.

    Attributes
    ----------
    cycle : int
        Clock cycles since the start.
    signals : tuple of str
        What :meth:`peek` knows: the ports, and ``probe_NODE_fire`` and ``probe_NODE_data`` of
        every tensor.

    Raises
    ------
    sim.tools.ToolMissing, sim.build.BuildError
        From construction.
    """

    def __init__(self, folder: Path | str):
        self._manifest = read_manifest(folder)
        self.program, self.build_seconds = _compile(self._manifest)
        self._circuit: PyVerilator | None = _loaded(self.program, self._manifest)
        self.signals = tuple(sorted(self._open.io))
        self.cycle = 0
        self.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Finish the wave file and free the circuit; nothing works afterwards."""
        if self._circuit is not None:
            self.stop_waves()
            self._circuit = None

    @property
    def _open(self) -> PyVerilator:
        if self._circuit is None:
            raise ValueError("This session is closed: open another one")
        return self._circuit

    def peek(self, name: str) -> int:
        """The value of a signal now, as an unsigned number of its width."""
        if name not in self._open.io:
            raise ValueError(f"The circuit has no signal {name!r}; there are "
                             f"{', '.join(self.signals)}")
        return int(self._open.io[name])

    def poke(self, name: str, value: int) -> None:
        """Set an input from now on. The clock is moved by :meth:`step` alone."""
        if name not in WIDTHS or name == "clk":
            raise ValueError(f"{name!r} is no input that can be set; there are "
                             f"{', '.join(sorted(WIDTHS.keys() - {'clk'}))}")
        if not 0 <= value < 1 << WIDTHS[name]:
            raise ValueError(f"{name} has {WIDTHS[name]} bits and cannot be {value}")
        self._open.io[name] = int(value)

    def step(self, cycles: int = 1) -> None:
        """Run some clock cycles."""
        clock = self._open.io["clk"].signal
        for _ in range(cycles):
            clock.write(1)
            clock.write(0)
            self.cycle += 1

    def reset(self, cycles: int = 4) -> None:
        """Hold the reset for some cycles, with nothing offered and nothing taken."""
        for name in WIDTHS.keys() - {"clk", "rst"}:
            self.poke(name, 0)
        self.poke("rst", 1)
        self.step(cycles)
        self.poke("rst", 0)

    def waves(self, path: Path | str) -> None:
        """Record all signals from now on to an FST file, until the session closes."""
        path = Path(path).absolute()
        if not path.parent.is_dir():
            raise ValueError(f"{path.parent} is no folder to write waves to")
        self._open.start_vcd_trace(str(path))

    def stop_waves(self) -> None:
        """Finish the wave file, if one is being recorded."""
        if self._open.vcd_trace is not None:
            self._open.stop_vcd_trace()

    def send(self, image: np.ndarray, deadline: int = DEADLINE) -> np.ndarray:
        """Put one image, uint8 ``[C, H, W]``, through and return its logits, int64 ``[classes]``.

        Raises :exc:`sim.pool.SimulationTimeout` when they are not there after ``deadline`` cycles.
        """
        words = self._manifest.beats(np.asarray(image)[None])[0].tolist()
        logits, sent, start = [], 0, self.cycle
        self.poke("m_axis_tready", 1)
        while len(logits) < self._manifest.output_beats:
            if self.cycle - start >= deadline:
                raise SimulationTimeout(f"Only {len(logits)} of {self._manifest.output_beats} "
                                        f"logits came in {deadline} cycles")
            offering = sent < len(words)
            self.poke("s_axis_tvalid", int(offering))
            self.poke("s_axis_tdata", words[sent] if offering else 0)
            self.poke("s_axis_tlast", int(sent == len(words) - 1))
            taken = offering and self.peek("s_axis_tready")
            if self.peek("m_axis_tvalid"):
                logits.append(self.peek("m_axis_tdata"))
            self.step()
            sent += bool(taken)
        return np.array(logits, np.uint32).view(np.int32).astype(np.int64)


def _loaded(program: Path, manifest: Manifest) -> PyVerilator:
    # A library is loaded once under one name and Verilator's time in it goes on, which a second
    # circuit refuses: every session has a copy of its own, which shares no symbol with another.
    # Memory contents are read at the first evaluation, by paths relative to the folder.
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as name:
        own = shutil.copy(program, name)
        with contextlib.chdir(manifest.folder):
            return PyVerilator(str(own))


def _compile(manifest: Manifest) -> tuple[Path, float]:
    """The shared library that pyverilator makes of the circuit, and the seconds that took."""
    toolchain = find_toolchain()
    # pyverilator takes one file to come first; the others are plain arguments of Verilator.
    first, *others = manifest.sources
    arguments = [*COMMON, "--top-module", HARNESS, *WAVE_FLAGS,
                 *(part for flag in toolchain.library_flags for part in ("-CFLAGS", flag)), *others]
    recipe = GENERATE.format(top=HARNESS, first=first, arguments=arguments)
    files = {**{name: (manifest.folder / name).read_bytes() for name in manifest.sources},
             f"{HARNESS}.v": wrapper(manifest).encode()}

    def compile_in(folder: Path) -> None:
        environment = toolchain.environment(toolchain.shim())
        run_tool([sys.executable, "-c", recipe], folder, toolchain, environment)
        run_tool([*make_command(toolchain), "LDFLAGS=-fPIC -shared"], folder, toolchain)
        (folder / "objects" / f"V{HARNESS}").replace(folder / "session.so")

    folder, seconds = cached("session", files, [recipe, *OPTIMISATION], toolchain, compile_in)
    return folder / "session.so", seconds
