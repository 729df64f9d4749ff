"""Prove a mapped netlist equal to its integer graph, and cycle for cycle to the Verilog."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.run import logits as golden_logits
from sim.build import build
from sim.compare import OUTPUT, Comparison, Difference
from sim.manifest import Manifest, read_manifest
from sim.pool import DEADLINE, Job, Part, Stalls
from sim.run import cycles_per_image, run
from sim.verify import check_network, graph_of

__all__ = ["STAMPS", "NetlistVerification", "verify_netlist"]

STAMPS = "cycles"
"""The name under which cycles are compared: of an image's first and last beat in, then out."""

STALLS = Stalls(source=0.3, sink=0.3)


@dataclass(frozen=True, kw_only=True)
class NetlistVerification:
    """How a mapped netlist compares with its graph and with the Verilog that it was made of.

    Parameters
    ----------
    images, stalled_images : int
        Images compared, and those of them that ran with random pauses at both streams.
    values_compared : int
        Logits against the graph's, and cycles against the Verilog's.
    mismatches : int
    first_difference : Difference or None
    cycles_per_image : float or None
        Of images without pauses, in steady state.
    cycles : int
        Simulated clock cycles of the netlist.
    seconds, build_seconds : float
        Wall time of simulating both, and of compiling before it.
    """

    images: int
    stalled_images: int
    values_compared: int
    mismatches: int
    first_difference: Difference | None
    cycles_per_image: float | None
    cycles: int
    seconds: float
    build_seconds: float

    @property
    def equal(self) -> bool:
        """Whether something was compared and nothing differs."""
        return self.values_compared > 0 and self.mismatches == 0


def verify_netlist(folder: Path | str, netlist: Path, sources: tuple[str, ...],
                   images: np.ndarray, *, processes: int | None = None, deadline: int = DEADLINE,
                   progress: Callable[[int, int], None] | None = None) -> NetlistVerification:
    """Run images through a mapped netlist and through the Verilog of an rtl folder.

    All logits must be the graph's, and every image must enter and leave in the same cycles. The
    second half of the images runs with random pauses at both streams.

    Parameters
    ----------
    folder : path
        The rtl folder.
    netlist : Path
        Folder of the netlist.
    sources : tuple of str
        Its Verilog files; the top module and its ports are the rtl folder's.
    images : uint8 array ``[N, C, H, W]``
    processes, deadline, progress
        As for :func:`sim.run.simulate`.

    Raises
    ------
    SimulationError, SimulationTimeout
        When a circuit breaks a rule or stops.
    BuildError
        When the netlist has a cell that no source describes.
    ValueError
        For a circuit whose weights are loaded: its netlist has none.
    """
    manifest = read_manifest(folder)
    if (manifest.folder / "weights.bin").is_file():
        raise ValueError(f"The weights of the circuit in {manifest.folder} are loaded after reset, "
                         "its cells have none: verify the Verilog, without --mapped")
    graph = graph_of(manifest)
    mapped = manifest.netlist(netlist, sources)
    halves = [(0, -(-len(images) // 2), Stalls()), (-(-len(images) // 2), len(images), STALLS)]
    jobs = [Job(start=start, stop=stop, stalls=stalls, deadline=deadline)
            for start, stop, stalls in halves if stop > start]
    built = [build(circuit) for circuit in (manifest, mapped)]
    started = time.monotonic()

    def played(circuit: Manifest, program: Path) -> list[Part]:
        parts = list(run(circuit, program, images, jobs, processes=processes, progress=progress))
        for part in parts:
            check_network(part, graph)
        return sorted(parts, key=lambda part: part.job.start)

    verilog = played(manifest, built[0].program)
    gates = played(mapped, built[1].program)
    comparison = Comparison((STAMPS,))
    for wanted, got in zip(verilog, gates, strict=True):
        start, stop = got.job.start, got.job.stop
        expected = np.asarray(golden_logits(graph, images[start:stop]))
        for name, right, found in ((STAMPS, wanted.stamps, got.stamps),
                                   (OUTPUT, expected, got.logits)):
            comparison.add(name, _as_tensor(right), _as_tensor(found), start=start)
    return NetlistVerification(
        images=len(images), stalled_images=len(images) - len(gates[0].logits),
        values_compared=comparison.values, mismatches=comparison.mismatches,
        first_difference=comparison.first, cycles_per_image=cycles_per_image(gates[:1]),
        cycles=sum(part.cycles for part in gates), seconds=time.monotonic() - started,
        build_seconds=sum(each.seconds for each in built))


def _as_tensor(values: np.ndarray) -> np.ndarray:
    return values[:, None, :, None, None]
