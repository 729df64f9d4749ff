"""Runs one component alone through Verilator: beats back to back, and the cycle of each one out."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.build import FLAGS, OPTIMISATION, cached, compile_program
from sim.pool import SimulationTimeout
from sim.tools import find_toolchain

__all__ = ["UNIT", "stream"]

UNIT = "unit"
"""What the component's top module must be called."""

DRIVER = Path(__file__).with_name("unit.cpp")


def stream(files: Mapping[str, bytes], beats: Sequence[int], wanted: int,
           deadline: int) -> list[tuple[int, int]]:
    """Offer ``beats`` to port ``i`` as fast as it takes them, take ``wanted`` from port ``o``.

    ``files`` are those of :func:`hdl.emit.emit_component` for a component with streams ``i`` and
    ``o``. Returns the cycle and the payload of each beat out. Raises
    :exc:`sim.pool.SimulationTimeout` when they are not there after ``deadline`` cycles.
    """
    toolchain = find_toolchain()
    sources = sorted(name for name in files if name.endswith(".v"))

    place, _ = cached(UNIT, {**files, "unit.cpp": DRIVER.read_bytes()}, [*FLAGS, *OPTIMISATION],
                      toolchain, lambda folder: compile_program(
                          folder, toolchain, UNIT, FLAGS, [*sources, "unit.cpp"]))
    with TemporaryDirectory(prefix="spikeloom-") as room:
        source, sink = Path(room) / "in.hex", Path(room) / "out.hex"
        source.write_text("".join(f"{beat:x}\n" for beat in beats))
        # memories are read from where the program runs
        done = subprocess.run([place / "simulator", source, sink, str(wanted), str(deadline)],
                              cwd=place, check=False)
        lines = [line.split() for line in sink.read_text().splitlines()]
    if done.returncode:
        raise SimulationTimeout(f"{len(lines)} of {wanted} beats came out in {deadline} cycles")
    return [(int(cycle), int(payload, 16)) for cycle, payload in lines]
