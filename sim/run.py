"""Run images through a generated circuit: logits, cycles, and any tensor on the way."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.build import build
from sim.manifest import Manifest, read_manifest
from sim.pool import DEADLINE, Job, Part, SimulationError, Stalls, run_jobs

__all__ = ["SimulationResult", "cycles_per_image", "layer_latency", "plan", "run", "simulate"]

CHUNK_BYTES = 1 << 26
ID = 0x53504C4D
REGISTERS = {"ID": 0x00, "STATUS": 0x0C, "IMAGES_IN": 0x14, "IMAGES_OUT": 0x18,
             "SHORT_PACKETS": 0x2C, "LONG_PACKETS": 0x30}


@dataclass(frozen=True, kw_only=True)
class SimulationResult:
    """What the circuit made of some images.

    Parameters
    ----------
    logits : int64 array ``[N, classes]``
    tensors : dict of name to array ``[N, T, C, H, W]``
        Those that were traced.
    stamps : int64 array ``[N, 4]``
        Cycle of the first and last beat in, and of the first and last beat out, from the reset
        of the run that the image was in.
    spans : dict of name to int64 array ``[N, 2]``
        Cycle of the first and last beat of every tensor, likewise.
    runs : tuple of range
        Which images followed each other back to back through one circuit.
    cycles_per_image : float or None
        In steady state: from the last output of a run's first image to that of its last, per
        image; None if no run has two images.
    latency : dict of name to int
        Cycles from the first pixel of an image to the last beat of each tensor, for an image that
        enters an empty circuit; "m_axis" is the output.
    cycles : int
        All simulated clock cycles.
    seconds, build_seconds : float
        Wall time of simulation and of compilation before it.
    """

    logits: np.ndarray
    tensors: dict[str, np.ndarray]
    stamps: np.ndarray
    spans: dict[str, np.ndarray]
    runs: tuple[range, ...]
    cycles_per_image: float | None
    latency: dict[str, int]
    cycles: int
    seconds: float
    build_seconds: float

    @property
    def cycles_per_second(self) -> float:
        """Simulated clock cycles per second of wall time, of all circuits together."""
        return self.cycles / self.seconds


def simulate(folder: Path | str, images: np.ndarray, *, trace: bool | Iterable[str] = False,
             processes: int | None = None, waves: Path | str | None = None,
             stalls: Stalls | None = None, deadline: int = DEADLINE,
             progress: Callable[[int, int], None] | None = None) -> SimulationResult:
    """Run images through the circuit of an rtl folder.

    Parameters
    ----------
    images : uint8 array ``[N, C, H, W]``
    trace : bool or names
        Tensors to keep: all, none or those named. All of them are held in memory; use
        :func:`run` to take them part by part.
    processes : int, optional
        As many circuits run side by side; default: one for each processor.
    waves : path, optional
        FST file to write; all images then go through one circuit.
    stalls : Stalls, optional
        Random pauses at both streams.
    deadline : int
        Cycles without any movement after which the circuit is stuck.
    progress : callable, optional
        Called with images done and images in all.

    Raises
    ------
    SimulationError, SimulationTimeout
        When the circuit breaks a rule or stops.
    ValueError, TypeError
        For images that the circuit does not take, or an unknown tensor.
    """
    manifest = read_manifest(folder)
    names = _names(manifest, trace)
    jobs = plan(manifest, len(images), traced=len(images) if names else 0, names=names,
                processes=_count(processes), stalls=stalls, deadline=deadline,
                waves=Path(waves).absolute() if waves else None)
    built = build(manifest, waves=waves is not None)
    started = time.monotonic()
    parts = sorted(run_jobs(built.program, manifest, images, jobs,
                            processes=_count(processes), progress=progress),
                   key=lambda part: part.job.start)
    for part in parts:
        check_registers(part)
    return SimulationResult(
        logits=np.concatenate([part.logits for part in parts]),
        tensors={name: np.concatenate([part.tensors[name] for part in parts]) for name in names},
        stamps=np.concatenate([part.stamps for part in parts]),
        spans={tensor.name: np.concatenate([part.spans[:, index] for part in parts])
               for index, tensor in enumerate(manifest.tensors)},
        runs=tuple(range(part.job.start, part.job.stop) for part in parts),
        cycles_per_image=cycles_per_image(parts),
        latency=layer_latency(manifest, parts),
        cycles=sum(part.cycles for part in parts),
        seconds=time.monotonic() - started,
        build_seconds=built.seconds)


def run(manifest: Manifest, program: Path, images: np.ndarray, jobs: list[Job], *,
        processes: int | None = None,
        progress: Callable[[int, int], None] | None = None) -> Iterator[Part]:
    """Yield the parts of :func:`plan`'s jobs as they end, their register files checked."""
    for part in run_jobs(program, manifest, images, jobs, processes=_count(processes),
                         progress=progress):
        check_registers(part)
        yield part


def plan(manifest: Manifest, images: int, *, traced: int, names: tuple[str, ...],
         processes: int | None = None, stalls: Stalls | None = None, deadline: int = DEADLINE,
         waves: Path | None = None) -> list[Job]:
    """Jobs for all images: the first ``traced`` in parts small enough to hold, then the others.

    Raises ValueError when there are no images.
    """
    if images < 1:
        raise ValueError("There are no images to simulate: at least one is needed")
    common = {"stalls": stalls or Stalls(), "deadline": deadline, "waves": waves}
    if waves is not None:
        return [Job(start=0, stop=images, trace=names, **common)]
    count = _count(processes)
    held = sum(manifest.tensor(name).values * manifest.tensor(name).dtype.itemsize
               for name in names)
    chunk = max(1, min(CHUNK_BYTES // max(1, held), -(-traced // count)))
    jobs = [Job(start=start, stop=min(start + chunk, traced), trace=names, **common)
            for start in range(0, traced, chunk)]
    rest = -(-(images - traced) // count)
    jobs += [Job(start=start, stop=min(start + rest, images), **common)
             for start in range(traced, images, max(1, rest))]
    return jobs


def cycles_per_image(parts: Iterable[Part]) -> float | None:
    """Cycles between the last outputs of neighbours, over all images but each run's first."""
    parts = list(parts)
    intervals = sum(len(part.stamps) - 1 for part in parts)
    cycles = sum(int(part.stamps[-1, 3] - part.stamps[0, 3]) for part in parts)
    return cycles / intervals if intervals else None


def layer_latency(manifest: Manifest, parts: Iterable[Part]) -> dict[str, int]:
    """Cycles from the first pixel in to the last beat of each tensor, for a run's first image."""
    part = min(parts, key=lambda part: part.job.start)
    first = part.stamps[0, 0]
    latency = {tensor.name: int(part.spans[0, index, 1] - first)
               for index, tensor in enumerate(manifest.tensors)}
    return latency | {"m_axis": int(part.stamps[0, 3] - first)}


def check_registers(part: Part) -> None:
    """Raise :exc:`SimulationError` if the register file does not tell what happened."""
    images = part.job.stop - part.job.start
    wanted = {"ID": ID, "STATUS": 0, "IMAGES_IN": images, "IMAGES_OUT": images,
              "SHORT_PACKETS": 0, "LONG_PACKETS": 0}
    for name, value in wanted.items():
        if (got := part.registers[REGISTERS[name]]) != value:
            raise SimulationError(f"Register {name} reads {got:#x} after {images} images and "
                                  f"should read {value:#x}")


def _names(manifest: Manifest, trace: bool | Iterable[str]) -> tuple[str, ...]:
    if isinstance(trace, str):
        raise TypeError(f"trace must be True, False or several names, not the text {trace!r}")
    if isinstance(trace, bool):
        return tuple(tensor.name for tensor in manifest.tensors) if trace else ()
    return tuple(manifest.tensor(name).name for name in trace)


def _count(processes: int | None) -> int:
    if processes is None:
        return os.cpu_count() or 1
    if processes < 1:
        raise ValueError(f"processes must be at least 1, not {processes}")
    return processes
