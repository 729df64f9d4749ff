"""How often the wires of a circuit toggle, and its memories are read, while it runs images."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sim.build import build
from sim.harness import HARNESS
from sim.manifest import read_manifest
from sim.pool import Job
from sim.run import cycles_per_image, run

__all__ = ["Activity", "MemoryActivity", "Part", "simulate_activity"]

LEAF = "leaf"
"""The instance of the memory's Verilog module inside what wraps it."""

CLOCK = "clk"

NET = re.compile(r"\((\S+?)(?:\\\[(\d+)\\\])? \(T0 (\d+)\) \(T1 (\d+)\).*\(TC (\d+)\)\)")
"""A bit of a wire: its times low and high, and how often it toggled."""


@dataclass(frozen=True, kw_only=True)
class MemoryActivity:
    """One memory: its size, and the cycles in which it was read or written.

    ``writable`` is False for a memory of constants.
    """

    width: int
    depth: int
    writable: bool
    reads: float
    writes: float


@dataclass(kw_only=True)
class Part:
    """One direct child of the network, with all that is inside.

    Parameters
    ----------
    bits : int
        Of all wires but the clock, those of inner ports counted where they are declared.
    toggles : int
        Of these, over the whole run.
    memories : list of MemoryActivity
    """

    bits: int = 0
    toggles: int = 0
    memories: list[MemoryActivity]


@dataclass(frozen=True, kw_only=True)
class Activity:
    """Toggles of a simulated circuit.

    Parameters
    ----------
    images : int
    cycles : float
        Simulated clock cycles, from the end of reset until all was out.
    cycles_per_image : float or None
        In steady state; None for a single image.
    parts : dict of str to Part
        By instance name inside the network; "" is everything outside of it.
    """

    images: int
    cycles: float
    cycles_per_image: float | None
    parts: dict[str, Part]

    @property
    def toggles(self) -> int:
        return sum(part.toggles for part in self.parts.values())

    def rate(self, part: Part) -> float:
        """Toggles of a part, or of several together, in a cycle, for each bit of its wires."""
        return part.toggles / (part.bits * self.cycles) if part.bits else 0.0


def simulate_activity(folder: Path | str, images: np.ndarray, *,
                      progress: Callable[[int, int], None] | None = None) -> Activity:
    """Run images uint8 ``[N, C, H, W]`` back to back through the Verilog of an rtl folder.

    Verilator counts the toggles of every bit of every wire. Memories' words are not counted; how
    often they are read is. Raises what :func:`sim.run.simulate` raises, and ValueError if nothing
    toggled.
    """
    manifest = read_manifest(folder)
    built = build(manifest, toggles=True)
    with TemporaryDirectory(prefix="spikeloom-") as room:
        path = Path(room) / "toggles.saif"
        parts = list(run(manifest, built.program, images,
                         [Job(start=0, stop=len(images), waves=path)], processes=1,
                         progress=progress))
        reader = _Reader(inside=("TOP", HARNESS, "dut", *manifest.probe_path))
        with path.open() as lines:
            reader.read(lines)
    activity = Activity(images=len(images), cycles=reader.cycles, parts=reader.parts,
                        cycles_per_image=cycles_per_image(parts))
    if not activity.toggles:
        raise ValueError(f"Nothing toggled in the circuit of {manifest.folder}")
    return activity


@dataclass
class _Reader:
    """Reads a file in SAIF, line by line, as Verilator writes it."""

    inside: tuple[str, ...]
    parts: dict[str, Part] = field(default_factory=dict)
    cycles: float = 0.0
    scopes: list[str] = field(default_factory=list)
    leaf: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)
    """Of the memory that is being read: number, time high and time in all of each wire's bits."""

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            text = line.strip()
            if match := NET.fullmatch(text):
                self._bit(*match.groups())
            elif text.startswith(("(INSTANCE", "(NET")):
                self.scopes.append(text.partition(" ")[2])
            elif text == ")" and self.scopes:
                if self.scopes.pop() == LEAF:
                    self._memory()

    def _bit(self, name: str, bit: str | None, low: str, high: str, count: str) -> None:
        if self.scopes[-2] == LEAF:
            time = int(high), int(low) + int(high)
            self.leaf.setdefault(name, []).append((int(bit or 0), *time))
        elif name == CLOCK:
            self.cycles = max(self.cycles, int(count) / 2)
        else:
            part = self._part()
            part.bits += 1
            part.toggles += int(count)

    def _memory(self) -> None:
        def constant(name: str) -> int:
            return sum(1 << bit for bit, high, _ in self.leaf[name] if high)

        def enabled(name: str) -> float:
            ((_, high, time),) = self.leaf[name]
            return high / time * self.cycles

        self._part().memories.append(MemoryActivity(
            width=constant("WIDTH"), depth=constant("DEPTH"),
            writable=bool(constant("WRITABLE")), reads=enabled("read_en"),
            writes=enabled("write_en")))
        self.leaf.clear()

    def _part(self) -> Part:
        depth = len(self.inside)
        within = len(self.scopes) > depth and tuple(self.scopes[:depth]) == self.inside
        return self.parts.setdefault(self.scopes[depth] if within else "", Part(memories=[]))
