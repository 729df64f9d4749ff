"""Look into the neurons of a circuit: membranes and spikes of an image, beside golden's."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.run import potentials, trace
from ir import Graph, Node
from sim.build import build
from sim.compare import Comparison, Difference
from sim.manifest import Manifest, read_manifest
from sim.run import plan, run
from sim.verify import check_network, graph_of

__all__ = ["Neurons", "Recording", "record"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Neurons:
    """One layer of neurons; arrays of integers ``[T, C, H, W]``.

    Parameters
    ----------
    name, op : str
    spikes : pair of arrays
        What they gave, in golden and in the circuit.
    membrane : pair of arrays
        The potentials that were held against the threshold, likewise.
    """

    name: str
    op: str
    spikes: tuple[np.ndarray, np.ndarray]
    membrane: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """All layers of neurons with a membrane, for one image, in the graph's order."""

    layers: tuple[Neurons, ...]
    values_compared: int
    mismatches: int
    first_difference: Difference | None


def record(folder: Path | str, image: np.ndarray) -> Recording:
    """Run one image, uint8 ``[C, H, W]``, through the circuit of an rtl folder and look inside.

    The circuit is compiled once more for that, with its neurons' membranes brought out; the
    Verilog stays as it is. Raises as :func:`sim.verify.verify` does, and ValueError for a circuit
    without membranes, or of an older version.
    """
    closed = read_manifest(folder)
    manifest, graph = closed.opened(), graph_of(closed)
    if not manifest.membranes:
        raise ValueError(f"The circuit in {folder} has no neurons whose membrane could be looked "
                         "at; if it is of an older version, generate it again")
    nodes = {node.name: node for node in graph.nodes}
    neurons = [nodes[str(membrane.unit)] for membrane in manifest.membranes]
    names = tuple(dict.fromkeys(name for membrane in manifest.membranes
                                for name in (str(membrane.unit), membrane.name)))
    got = _circuit(manifest, graph, image[None], names)
    expected = trace(graph, image[None])
    expected |= {f"{name}.membrane": values
                 for name, values in potentials(graph, expected).items()}
    comparison = Comparison([part for name in nodes for part in (f"{name}.membrane", name)])
    for name in names:
        comparison.add(name, expected[name], got[name])
    return Recording(
        layers=tuple(_layer(node, expected, got) for node in neurons),
        values_compared=comparison.values, mismatches=comparison.mismatches,
        first_difference=comparison.first)


def _circuit(manifest: Manifest, graph: Graph, images: np.ndarray,
             names: tuple[str, ...]) -> dict[str, np.ndarray]:
    jobs = plan(manifest, len(images), traced=len(images), names=names, processes=1)
    (part,) = run(manifest, build(manifest).program, images, jobs, processes=1)
    check_network(part, graph)
    return part.tensors


def _layer(node: Node, expected: dict[str, np.ndarray], got: dict[str, np.ndarray]) -> Neurons:
    spikes, membrane = ((expected[name][0], got[name][0])
                        for name in (node.name, f"{node.name}.membrane"))
    return Neurons(name=node.name, op=type(node.op).__name__, spikes=spikes, membrane=membrane)
