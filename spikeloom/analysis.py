# amaranth: UnusedElaboratable=no
# The network is made to be asked for its cycles, not to be built.
"""What happens inside a design on given images, layer by layer."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from golden import run
from hdl.lowering import Lowering
from hdl.timing import services, timing
from ir import IMAGE, Budget, Graph
from spikeloom.design import Design
from spikeloom.energy import FP32, INT8, Energy, LayerEnergy, model_energy

__all__ = ["Analysis", "Layer", "Stage", "analyse"]

BATCH = 100
"""Images at a time: bounds the memory that their tensors take.

The first batch is also what the pipeline's cost model is asked for: it follows every beat, so all
of a large data set would take long. The stages' own cycles are counted for all images.
"""


EXPLAINED = 16
"""Images, the first, for which it is said what each stage spends its cycles on."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage of the pipeline: its service cycles per image and its area, both estimated.

    ``limit`` says what most of the cycles are for.
    """

    name: str
    op: str
    folding: str
    busy_cycles: float
    limit: str
    area: Budget


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One node of the graph; figures are means over the images, None where there is none.

    Parameters
    ----------
    name, op : str
    inputs : tuple of str
        The nodes that it reads.
    shape : tuple of int
        Of its output, ``[T, C, H, W]``.
    bits : int
        Of one value of its output.
    spike_rate : float or None
        Share of its outputs that are spikes, where it makes spikes.
    energy : LayerEnergy or None
        Where it has operations that are counted.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    shape: tuple[int, int, int, int]
    bits: int
    spike_rate: float | None
    energy: LayerEnergy | None

    def as_dict(self) -> dict:
        energy = self.energy
        counted = {} if energy is None else {
            "acs": energy.acs, "macs": energy.macs, "dense": energy.dense,
            "fp32_nj": energy.picojoules(FP32) / 1000, "int8_nj": energy.picojoules(INT8) / 1000,
            "weight_memory_nj": energy.memory_picojoules(INT8) / 1000}
        return {"name": self.name, "op": self.op, "inputs": list(self.inputs),
                "shape": list(self.shape), "bits": self.bits, "spike_rate": self.spike_rate,
                **counted}


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Activity (of the integer network, the circuit's own), cost model and energy on images.

    Parameters
    ----------
    images : int
    cycles_per_image : float or None
        Of the pipeline in steady state, estimated for the first images; None for a single image.
    modelled_images : int
        How many these were.
    bound_cycles_per_image : float
        Service cycles of the busiest stage.
    slowest : str
        That stage.
    """

    images: int
    cycles_per_image: float | None
    modelled_images: int
    bound_cycles_per_image: float
    slowest: str
    stages: tuple[Stage, ...]
    layers: tuple[Layer, ...]
    energy: Energy

    def as_dict(self) -> dict:
        return {
            "images": self.images, "estimated_cycles_per_image": self.cycles_per_image,
            "estimated_images": self.modelled_images,
            "bound_cycles_per_image": self.bound_cycles_per_image, "slowest": self.slowest,
            "stages": [asdict(stage) for stage in self.stages],
            "layers": [layer.as_dict() for layer in self.layers],
            "energy": self.energy.as_dict(),
        }


def analyse(design: Design, images: np.ndarray, *,
            progress: Callable[[int, int], None] | None = None) -> Analysis:
    """Run the integer network on uint8 ``[N, C, H, W]`` and count; simulates nothing.

    Raises ValueError without images, or for images that the network does not take.
    """
    if not len(images):
        raise ValueError("There are no images to analyse: at least one is needed")
    graph, energy, pipeline, explained = design.graph, None, None, {}
    lowering = Lowering(graph, design.foldings)
    busy: dict[str, float] = {}
    spikes: dict[str, float] = {}
    for start in range(0, len(images), BATCH):
        tensors = run.trace(graph, images[start:start + BATCH])
        share = len(tensors[IMAGE]) / len(images)
        part = model_energy(graph, tensors)
        energy = part if energy is None else energy.joined(part)
        if pipeline is None:
            pipeline = timing(graph, design.foldings, tensors)
            explained = {stage.name: stage for stage in design.explain(images[:EXPLAINED]).stages}
        for name, cycles in services(lowering, tensors).items():
            busy[name] = busy.get(name, 0.0) + share * cycles
        for name in _spiking(graph):
            spikes[name] = spikes.get(name, 0.0) + share * float(tensors[name].mean())
        if progress is not None:
            progress(min(start + BATCH, len(images)), len(images))
    assert energy is not None and pipeline is not None, "there was at least one batch"
    slowest = max(busy, key=lambda name: busy[name])
    return Analysis(
        images=len(images), cycles_per_image=pipeline.cycles_per_image,
        modelled_images=min(BATCH, len(images)), bound_cycles_per_image=busy[slowest],
        slowest=slowest, energy=energy, layers=_layers(graph, spikes, energy),
        stages=tuple(Stage(name=stage.name, op=stage.op, folding=stage.folding,
                           busy_cycles=busy[stage.name], area=explained[stage.name].area,
                           limit=explained[stage.name].limit.name.lower())
                     for stage in pipeline.stages))


def _spiking(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes if graph.types[node.name].is_spikes]


def _layers(graph: Graph, spikes: dict[str, float], energy: Energy) -> tuple[Layer, ...]:
    counted = {layer.name: layer for layer in energy.layers}
    return tuple(
        Layer(name=node.name, op=type(node.op).__name__, inputs=node.inputs,
              shape=graph.types[node.name].shape, bits=graph.types[node.name].interval.bits,
              spike_rate=spikes.get(node.name), energy=counted.get(node.name))
        for node in graph.nodes)
