"""Prove a generated circuit equal to its integer graph, value for value, on real images."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.run import logits as golden_logits
from golden.run import trace as golden_trace
from ir import Graph
from ir.folder import digest, load
from sim.build import build
from sim.compare import OUTPUT, Comparison, Difference
from sim.manifest import Manifest, read_manifest
from sim.pool import DEADLINE, Part, SimulationError, Stalls
from sim.run import cycles_per_image, layer_latency, plan, run

__all__ = ["Verification", "check_network", "graph_of", "verify"]

GOLDEN_BATCH = 64
NETWORK = 0x08


@dataclass(frozen=True, kw_only=True)
class Verification:
    """How a circuit compares with its graph.

    Parameters
    ----------
    images, traced_images : int
        Images whose logits were compared, and those of them of which every tensor was.
    tensors : tuple of str
        The tensors compared on traced images.
    values_compared, mismatches : int
    first_difference : Difference or None
        First in the graph's order, then in the order of images.
    accuracy_circuit, accuracy_integer : float or None
        Share of images of which the largest logit is the label's; None without labels.
    cycles_per_image : float or None
        In steady state, see :class:`sim.run.SimulationResult`.
    latency : dict of name to int
        Cycles from the first pixel to the last beat of each tensor, in an empty circuit.
    cycles : int
        All simulated clock cycles.
    seconds, build_seconds : float
        Wall time of the comparison, and of compiling before it.
    """

    images: int
    traced_images: int
    tensors: tuple[str, ...]
    values_compared: int
    mismatches: int
    first_difference: Difference | None
    accuracy_circuit: float | None
    accuracy_integer: float | None
    cycles_per_image: float | None
    latency: dict[str, int]
    cycles: int
    seconds: float
    build_seconds: float

    @property
    def equal(self) -> bool:
        """Whether something was compared and nothing differs."""
        return self.values_compared > 0 and self.mismatches == 0


def verify(folder: Path | str, images: np.ndarray, labels: np.ndarray | None = None, *,
           trace_images: int = 16, processes: int | None = None, stalls: Stalls | None = None,
           deadline: int = DEADLINE,
           progress: Callable[[int, int], None] | None = None) -> Verification:
    """Compare the circuit of an rtl folder with the graph in its ``net`` folder.

    All logits of all images, and every tensor of the first ``trace_images``, must be equal. When
    only logits of an image behind those differ, that image is run once more with all its tensors,
    to find where it begins.

    Parameters
    ----------
    images : uint8 array ``[N, C, H, W]``
    labels : integer array ``[N]``, optional
        The right classes, for the accuracy.
    trace_images : int
    processes, stalls, deadline, progress
        As for :func:`sim.run.simulate`.

    Raises
    ------
    SimulationError, SimulationTimeout
        When the circuit breaks a rule or stops, or is that of another graph.
    ValueError
        When there is nothing to compare, or images or labels do not fit.
    """
    manifest = read_manifest(folder)
    graph = graph_of(manifest)
    _check_labels(labels, len(images))
    built = build(manifest)
    started = time.monotonic()
    names = tuple(tensor.name for tensor in manifest.tensors)
    jobs = plan(manifest, len(images), traced=min(max(trace_images, 0), len(images)), names=names,
                processes=processes, stalls=stalls, deadline=deadline)
    comparison = Comparison(tuple(graph.types))
    circuit = np.zeros((len(images), graph.classes), np.int64)
    integer = np.zeros_like(circuit)
    parts, traced = [], 0
    for part in run(manifest, built.program, images, jobs, processes=processes,
                    progress=progress):
        check_network(part, graph)
        traced += (part.job.stop - part.job.start) * bool(part.job.trace)
        for start, stop, expected in _golden(graph, images, part):
            _compare(comparison, part, start, stop, expected)
            integer[start:stop] = expected[OUTPUT].reshape(stop - start, -1)
        circuit[part.job.start:part.job.stop] = part.logits
        part.tensors.clear()
        parts.append(part)
    if not comparison.values:
        raise ValueError("Nothing was compared: the images gave no values")
    first = comparison.first
    if first is not None and first.node == OUTPUT and first.image >= traced:
        first = _located(manifest, built.program, graph, images, first)
    return Verification(
        images=len(images), traced_images=traced, tensors=names,
        values_compared=comparison.values, mismatches=comparison.mismatches,
        first_difference=first,
        accuracy_circuit=_accuracy(circuit, labels), accuracy_integer=_accuracy(integer, labels),
        cycles_per_image=cycles_per_image(part for part in parts if not part.job.trace)
        or cycles_per_image(parts),
        latency=layer_latency(manifest, parts), cycles=sum(part.cycles for part in parts),
        seconds=time.monotonic() - started, build_seconds=built.seconds)


def graph_of(manifest: Manifest) -> Graph:
    """The graph beside a circuit; raises ValueError when the circuit is not that graph's."""
    graph = load(manifest.folder / "net")
    for tensor in manifest.tensors:
        if tensor.name not in graph.types:
            raise ValueError(f"The circuit in {manifest.folder} traces {tensor.name!r}, which the "
                             "graph beside it does not have: generate the circuit again")
        if graph.types[tensor.name].shape != tensor.shape:
            raise ValueError(f"Tensor {tensor.name!r} is {list(tensor.shape)} in the circuit and "
                             f"{list(graph.types[tensor.name].shape)} in the graph beside it: "
                             "generate the circuit again")
    return graph


def _check_labels(labels: np.ndarray | None, images: int) -> None:
    if labels is not None and np.shape(labels) != (images,):
        raise ValueError(f"Labels must be one for each of {images} images, "
                         f"not {list(np.shape(labels))}")


def check_network(part: Part, graph: Graph) -> None:
    """Raise :exc:`SimulationError` if the circuit says that it is another graph's."""
    wanted = int(digest(graph)[:8], 16)
    if (got := part.registers[NETWORK]) != wanted:
        raise SimulationError(f"Register NETWORK reads {got:#010x}, and the graph beside the "
                              f"circuit is {wanted:#010x}: generate the circuit again")


def _golden(graph: Graph, images: np.ndarray,
            part: Part) -> Iterator[tuple[int, int, dict[str, np.ndarray]]]:
    """Golden's values for a part, a batch at a time: first image, last, tensors and logits."""
    for start in range(part.job.start, part.job.stop, GOLDEN_BATCH):
        stop = min(start + GOLDEN_BATCH, part.job.stop)
        batch = images[start:stop]
        expected = golden_trace(graph, batch, keep=part.job.trace) if part.job.trace else {}
        last = graph.nodes[-1].name
        logits = expected[last] if last in expected else golden_logits(graph, batch)
        shape = (stop - start, 1, graph.classes, 1, 1)
        yield start, stop, expected | {OUTPUT: np.asarray(logits).reshape(shape)}


def _compare(comparison: Comparison, part: Part, start: int, stop: int,
             expected: dict[str, np.ndarray]) -> None:
    """Compare images ``start`` to ``stop`` of a part."""
    rows = slice(start - part.job.start, stop - part.job.start)
    logits = part.logits[rows][:, None, :, None, None]
    for name, got in (*part.tensors.items(), (OUTPUT, logits)):
        comparison.add(name, expected[name], got[rows] if name != OUTPUT else got, start=start)


def _located(manifest: Manifest, program: Path, graph: Graph, images: np.ndarray,
             difference: Difference) -> Difference:
    """Where a wrong logit begins: all tensors of its image, run behind its two neighbours."""
    first = max(0, difference.image - 2)
    some = images[first:difference.image + 1]
    jobs = plan(manifest, len(some), traced=len(some), processes=1,
                names=tuple(tensor.name for tensor in manifest.tensors))
    comparison = Comparison(tuple(graph.types))
    for part in run(manifest, program, some, jobs, processes=1):
        for start, stop, expected in _golden(graph, some, part):
            _compare(comparison, part, start, stop, expected)
    found = comparison.first
    if found is None:
        return difference
    return Difference(**{**vars(found), "image": found.image + first})


def _accuracy(logits: np.ndarray, labels: np.ndarray | None) -> float | None:
    return None if labels is None else float(np.mean(logits.argmax(1) == labels))
