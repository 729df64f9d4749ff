# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""The cost model of time: what the whole pipeline takes for given data, and what bounds it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from hdl.fifo import Fifo
from hdl.lowering import Lowering, edges, relays
from hdl.ops import Folding
from hdl.relay import Relay
from hdl.wires import Process, Wire, buffer, fork, play
from ir import IMAGE, Graph

__all__ = ["StageTiming", "Timing", "services", "timing"]


@dataclass(frozen=True, kw_only=True)
class StageTiming:
    """One operator: cycles per image that it needs for itself, never waiting for another.

    ``folding`` says how much it does at once.
    """

    name: str
    op: str
    busy_cycles_per_image: float
    folding: str


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Estimated cycles of a whole pipeline, for the data that it was asked for.

    Parameters
    ----------
    cycles_per_image : float or None
        From one image's last logit to the next one's, over all images; None for a single image.
    bound_cycles_per_image : float
        The busiest stage's own cycles: no pipeline of these stages is faster.
    slowest : str
        That stage.
    latency_cycles : int
        From the first pixel of the first image to its last logit.
    stages : tuple of StageTiming
    """

    cycles_per_image: float | None
    bound_cycles_per_image: float
    slowest: str
    latency_cycles: int
    stages: tuple[StageTiming, ...]


def services(lowering: Lowering, tensors: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The cycles per image that each stage needs for itself, ``image`` (the input) included."""
    found = {IMAGE: float(lowering.layouts[IMAGE].image_beats)}
    for node in lowering.graph.nodes:
        inputs = tuple(tensors[name] for name in node.inputs)
        found[node.name] = lowering.stages[node.name].service(inputs)
    return found


def timing(graph: Graph, foldings: Mapping[str, Folding],
           tensors: Mapping[str, np.ndarray]) -> Timing:
    """What the pipeline takes for ``tensors``: every tensor of the graph, ``[N, T, C, H, W]``.

    Raises ValueError for no images, RuntimeError when the pipeline would lock up.
    """
    images = len(tensors[IMAGE])
    if not images:
        raise ValueError("timing needs at least one image")
    lowering = Lowering(graph, foldings)
    stages = services(lowering, tensors)
    done = _logit_times(lowering, tensors, images)
    slowest = max(stages, key=lambda name: stages[name])
    ops = {node.name: type(node.op).__name__ for node in graph.nodes} | {IMAGE: "PixelInput"}
    return Timing(
        cycles_per_image=(done[-1] - done[0]) / (images - 1) if images > 1 else None,
        bound_cycles_per_image=stages[slowest], slowest=slowest, latency_cycles=done[0],
        stages=tuple(StageTiming(name=name, op=ops[name], busy_cycles_per_image=cycles,
                                 folding=_describe(foldings.get(name)))
                     for name, cycles in stages.items()))


def _describe(folding: Folding | None) -> str:
    if folding is None:
        return "as its input"
    return ", ".join(f"{name} {value}" for name, value in asdict(folding).items())


def _logit_times(lowering: Lowering, tensors: Mapping[str, np.ndarray], images: int) -> list[int]:
    """The cycle of each image's last logit, counted from the first pixel's."""
    graph, wires = lowering.graph, []

    def wire() -> Wire:
        wires.append(Wire())
        return wires[-1]

    made = {name: wire() for name in lowering.layouts}
    processes: list[Process] = []
    ports: dict[tuple[str, int], Wire] = {}
    for name, source in made.items():
        readers = [(node.name, port) for node, port in edges(graph, name)]
        beats = images * lowering.layouts[name].image_beats
        made_by = lowering.stages.get(name)
        if relays(graph, name, made_by and made_by.component):
            source, before = wire(), source
            processes.append(buffer(before, source, beats, Relay.DEPTH, Relay.LATENCY))
        outputs = [source]
        if len(readers) > 1:
            outputs = [wire() for _ in readers]
            processes.append(fork(source, outputs, beats))
        for reader, output in zip(readers, outputs, strict=False):
            if shortcut := lowering.buffers.get(reader):
                depth = shortcut.depth(lowering.layouts[name])
                output, before = wire(), output
                processes.append(buffer(before, output, beats, depth,
                                        Fifo.latency(lowering.layouts[name].bits, depth)))
            ports[reader] = output
    for node in graph.nodes:
        model = lowering.stages[node.name].component.timing(
            *(tensors[name] for name in node.inputs))
        inputs = [ports[node.name, port] for port in range(len(node.inputs))]
        processes += model.processes(*inputs, made[node.name])
    made[IMAGE].offers.extend(range(images * lowering.layouts[IMAGE].image_beats))
    logits = made[graph.nodes[-1].name]
    processes.append(_drink(logits, images * graph.classes))
    play(processes, wires)
    return [logits.takes[(n + 1) * graph.classes - 1] for n in range(images)]


def _drink(wire: Wire, beats: int) -> Process:
    for beat in range(beats):
        yield from wire.offered(beat)
        wire.take(0)
