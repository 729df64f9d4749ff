"""Run compiled circuits over parts of an image set, several at a time."""

import queue
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sim.manifest import Manifest

__all__ = ["DEADLINE", "Part", "Job", "SimulationError", "SimulationTimeout", "Stalls", "run_jobs"]

DEADLINE = 1_000_000
"""Cycles in which nothing moves, at the ports or at a probe, after which a circuit is stuck."""


class SimulationError(RuntimeError):
    """The circuit broke a rule: of a stream, of its counters, or of how many values there are."""


class SimulationTimeout(SimulationError):
    """The circuit stopped; the message says what had come out and which tensors were waiting."""


@dataclass(frozen=True, kw_only=True)
class Stalls:
    """Random pauses: the probability, in each cycle, that no input is offered, or no output taken.

    The same seed gives the same pauses.
    """

    source: float = 0.0
    sink: float = 0.0
    seed: int = 1

    def __post_init__(self):
        for name in ("source", "sink"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"Stalls {name} must be at least 0 and below 1, "
                                 f"not {getattr(self, name)}")


@dataclass(frozen=True, kw_only=True)
class Job:
    """Images ``start`` to ``stop``, back to back through one circuit; what to keep of each."""

    start: int
    stop: int
    trace: tuple[str, ...] = ()
    waves: Path | None = None
    stalls: Stalls = Stalls()
    deadline: int = DEADLINE


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one job gave.

    Parameters
    ----------
    job : Job
    logits : int64 array ``[N, classes]``
    stamps : int64 array ``[N, 4]``
        Cycle of the first and last beat in, and of the first and last beat out.
    spans : int64 array ``[N, tensors, 2]``
        Cycle of the first and last beat of each tensor, in the manifest's order.
    tensors : dict of name to array ``[N, T, C, H, W]``
        Those of ``job.trace``.
    cycles : int
        Clock cycles from reset to the end, with 256 at the end in which nothing may come.
    registers : dict of address to value
        The register file, read after the last image.
    """

    job: Job
    logits: np.ndarray
    stamps: np.ndarray
    spans: np.ndarray
    tensors: dict[str, np.ndarray]
    cycles: int
    registers: dict[int, int]


def run_jobs(program: Path, manifest: Manifest, images: np.ndarray, jobs: Sequence[Job], *,
             processes: int, progress: Callable[[int, int], None] | None = None) -> Iterator[Part]:
    """Yield what each job gives, in the order in which they end, running the next ones meanwhile.

    Only the parts that run or wait to be taken are held. Leaving the iterator early, by an error
    or an interruption too, ends all processes and leaves no file behind. ``progress`` is called
    with the images that are out, and all images.
    """
    runner = _Runner(program, manifest, images)
    total, done = sum(job.stop - job.start for job in jobs), dict.fromkeys(jobs, 0)
    waiting = list(reversed(jobs))
    running = 0
    pool = ThreadPoolExecutor(max_workers=processes)
    try:
        while waiting or running:
            while waiting and running < processes:
                pool.submit(runner.run, waiting.pop())
                running += 1
            event = runner.events.get()
            if isinstance(event, BaseException):
                raise event
            job, event = event
            done[job] = event if isinstance(event, int) else job.stop - job.start
            if progress is not None:
                progress(sum(done.values()), total)
            if isinstance(event, Part):
                running -= 1
                # The next job starts before the caller looks at this part.
                while waiting and running < processes:
                    pool.submit(runner.run, waiting.pop())
                    running += 1
                yield event
    finally:
        runner.stop()
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass(eq=False)
class _Runner:
    """Runs jobs in threads that wait for processes; ``events`` says what happens."""

    program: Path
    manifest: Manifest
    images: np.ndarray
    events: queue.SimpleQueue = field(default_factory=queue.SimpleQueue)
    children: set[subprocess.Popen] = field(default_factory=set)
    stopped: bool = False

    def run(self, job: Job) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="spikeloom-") as folder:
                self.events.put((job, self._part(job, Path(folder))))
        except BaseException as error:
            self.events.put(error)

    def stop(self) -> None:
        self.stopped = True
        for child in list(self.children):
            child.kill()

    def _part(self, job: Job, folder: Path) -> Part:
        self.manifest.beats(self.images[job.start:job.stop]).tofile(folder / "stimulus.bin")
        result = self._simulate(job, folder)
        images = job.stop - job.start
        logits = np.fromfile(folder / "logits.bin", "<i4").astype(np.int64)
        stamps = np.fromfile(folder / "stamps.bin", "<u8").astype(np.int64)
        spans = np.fromfile(folder / "spans.bin", "<u8").astype(np.int64)
        tensors = {}
        for name in job.trace:
            tensor = self.manifest.tensor(name)
            path = folder / f"tensor_{self.manifest.probes.index(tensor)}.bin"
            tensors[name] = tensor.decode(np.fromfile(path, tensor.dtype))
            path.unlink()
        return Part(job=job, logits=logits.reshape(images, -1), stamps=stamps.reshape(images, 4),
                    spans=spans.reshape(images, len(self.manifest.probes), 2), tensors=tensors,
                    cycles=result.pop("cycles"),
                    registers={int(name[3:]): value for name, value in result.items()})

    def _simulate(self, job: Job, folder: Path) -> dict[str, int]:
        images = job.stop - job.start
        indices = {tensor.name: index for index, tensor in enumerate(self.manifest.probes)}
        arguments = {
            "stimulus": folder / "stimulus.bin", "out": folder, "images": images,
            "trace": ",".join(str(indices[name]) for name in job.trace),
            "stall_source": job.stalls.source, "stall_sink": job.stalls.sink,
            "seed": job.stalls.seed, "deadline": job.deadline,
            "progress": max(1, images // 50), "waves": job.waves or "",
        }
        result, error = None, None
        with subprocess.Popen(
                [self.program, *(f"{name}={value}" for name, value in arguments.items())],
                cwd=self.manifest.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace") as child:
            self.children.add(child)
            if self.stopped:
                child.kill()
            output = []
            for line in child.stdout or ():
                kind, _, rest = line.rstrip("\n").partition(" ")
                if kind == "progress":
                    self.events.put((job, int(rest)))
                elif kind == "result":
                    result = {name: int(value) for name, value in
                              (item.split("=") for item in rest.split())}
                elif kind == "error":
                    error = rest
                else:
                    output.append(line)
        self.children.discard(child)
        # Verilator only warns of a memory file that it cannot read.
        if result is not None and not child.returncode and not error and not output:
            return result
        kind = SimulationTimeout if (error or "").startswith("time-out") else SimulationError
        text = error or f"the simulation ended with exit code {child.returncode}"
        raise kind("\n".join([f"Images {job.start} to {job.stop - 1}: {text}",
                              *(line.rstrip() for line in output[-10:])]))
