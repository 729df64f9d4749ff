"""What happens inside a design on given images, layer by layer."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from golden import run
from hdl.timing import timing
from ir import Graph
from spikeloom.design import Design
from spikeloom.energy import FP32, INT8, Energy, LayerEnergy, model_energy

__all__ = ["Analysis", "Layer", "Stage", "analyse"]

BATCH = 100
"""Images at a time: bounds the memory that their tensors take."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage of the pipeline and its service cycles per image, estimated for the data."""

    name: str
    op: str
    folding: str
    busy_cycles: float


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One node of the graph; figures are means over the images, None where there is none.

    Parameters
    ----------
    name, op : str
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
        return {"name": self.name, "op": self.op, "shape": list(self.shape), "bits": self.bits,
                "spike_rate": self.spike_rate, **counted}


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Activity (of the integer network, the circuit's own), cost model and energy on images.

    Parameters
    ----------
    images : int
    cycles_per_image : float
        Of the pipeline in steady state, estimated.
    bound_cycles_per_image : float
        Service cycles of the busiest stage.
    slowest : str
        That stage.
    """

    images: int
    cycles_per_image: float
    bound_cycles_per_image: float
    slowest: str
    stages: tuple[Stage, ...]
    layers: tuple[Layer, ...]
    energy: Energy

    def as_dict(self) -> dict:
        return {
            "images": self.images, "estimated_cycles_per_image": self.cycles_per_image,
            "bound_cycles_per_image": self.bound_cycles_per_image, "slowest": self.slowest,
            "stages": [asdict(stage) for stage in self.stages],
            "layers": [layer.as_dict() for layer in self.layers],
            "energy": self.energy.as_dict(),
        }
