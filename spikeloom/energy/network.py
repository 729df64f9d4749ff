"""Modelled energy: operations of a traced run, times what an operation costs by convention.

The convention is the literature's: a layer that reads pixels or counts multiplies and accumulates
(MAC), a layer that reads spikes accumulates (AC) once per synapse that a spike reaches; an
operation has the energy that Horowitz (ISSCC 2014) gives for 45 nm. Parallel neurons count as the
multiplications of their matrix; other neurons, residual additions, gates, pooling and all wires
are left out. So the figure compares networks with each other and with papers;
it is no measurement of an FPGA. The int8 figures are not comparable to the fp32 ones of papers.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TypeVar

import numpy as np

from hdl.ops import Association, ConvFolding, Folding, SelfAttentionFolding
from ir import Graph
from ir.ops import Conv
from spikeloom.energy.conventions import CONVENTIONS, FP32, INT8, MODELLED, Convention, Counting
from spikeloom.energy.operations import COUNTED, Counts, count, repeats
from spikeloom.energy.reads import weights_read
from spikeloom.energy.traffic import Traffic, traffic

__all__ = ["Energy", "LayerEnergy", "model_energy"]

Averages = TypeVar("Averages", "LayerEnergy", Traffic)


@dataclass(frozen=True, kw_only=True)
class LayerEnergy(Counts):
    """Operations of one layer for one image, averages over the traced images.

    Parameters
    ----------
    name, op : str
    """

    name: str
    op: str

    def operations(self, counting: Counting = Counting.EXECUTED) -> tuple[float, float]:
        """Multiply-accumulates and accumulates by a rule."""
        if counting is Counting.EXECUTED:
            return self.macs, self.acs
        spikes = self.rate is not None or counting is Counting.PAPERS_AC
        return (0.0, self.events) if spikes and self.events is not None else (self.flops, 0.0)

    def picojoules(self, convention: Convention, counting: Counting = Counting.EXECUTED) -> float:
        """Energy of the operations alone."""
        macs, acs = self.operations(counting)
        return macs * convention.mac + acs * convention.ac

    def memory_picojoules(self, convention: Convention) -> float:
        """Energy of reading the weights."""
        return self.weight_bits * convention.bit


@dataclass(frozen=True)
class Energy:
    """Modelled energy of a network for one image, average over ``images`` traced ones."""

    images: int
    layers: tuple[LayerEnergy, ...]
    memories: tuple[Traffic, ...] = ()

    def nanojoules(self, convention: Convention,
                   counting: Counting = Counting.EXECUTED) -> float:
        """Energy of all operations, as papers count it."""
        return sum(layer.picojoules(convention, counting) for layer in self.layers) / 1000

    def memory_nanojoules(self, convention: Convention) -> float:
        """Energy of reading the weights, which papers leave out."""
        return sum(layer.memory_picojoules(convention) for layer in self.layers) / 1000

    def traffic_nanojoules(self, convention: Convention) -> float:
        """Energy of all bits that memories move: weights, neurons' states, buffers."""
        return sum(each.bits for each in self.memories) * convention.bit / 1000

    @property
    def acs(self) -> float:
        return sum(layer.acs for layer in self.layers)

    @property
    def macs(self) -> float:
        return sum(layer.macs for layer in self.layers)

    def operations(self, counting: Counting) -> tuple[float, float]:
        """Multiply-accumulates and accumulates of all layers by a rule."""
        counted = [layer.operations(counting) for layer in self.layers]
        return sum(macs for macs, _ in counted), sum(acs for _, acs in counted)

    def joined(self, other: "Energy") -> "Energy":
        """The averages over both sets of images, of one network."""
        images = self.images + other.images
        share = self.images / images
        return Energy(images, _mixed(self.layers, other.layers, share),
                      _mixed(self.memories, other.memories, share))

    def as_dict(self) -> dict:
        """For JSON; ``kind`` says that nothing here was measured."""
        return {
            "kind": MODELLED, "images": self.images, "sops": self.acs, "macs": self.macs,
            **{f"{c.name}_nj": self.nanojoules(c) for c in CONVENTIONS},
            "weight_memory_nj": self.memory_nanojoules(INT8),
            "memory_nj": self.traffic_nanojoules(INT8),
            "countings": {rule.value: self._counted(rule) for rule in Counting},
            "layers": [asdict(layer) for layer in self.layers],
            "memories": [{**asdict(each), "bits": each.bits} for each in self.memories],
        }

    def _counted(self, rule: Counting) -> dict[str, float]:
        macs, acs = self.operations(rule)
        return {"macs": macs, "acs": acs, "fp32_nj": self.nanojoules(FP32, rule),
                "int8_nj": self.nanojoules(INT8, rule)}


def model_energy(graph: Graph, trace: Mapping[str, np.ndarray],
                 foldings: Mapping[str, Folding] | None = None) -> Energy:
    """Count the operations of ``graph`` on the images that were traced.

    ``trace`` holds, by name, the tensors ``[N, T, C, H, W]`` that the graph's convolutions and
    attentions read; ``foldings`` are those of a circuit, whose memories are counted then. Raises
    ValueError when a tensor is missing.
    """
    counted = [node for node in graph.nodes if type(node.op) in COUNTED]
    if missing := [node.inputs[0] for node in counted if node.inputs[0] not in trace]:
        raise ValueError(f"The trace lacks tensor {missing[0]!r}, which energy is counted from")
    shared = repeats(graph)
    layers = tuple(
        LayerEnergy(name=node.name, op=type(node.op).__name__,
                    **vars(count(node, graph.types[node.inputs[0]], trace[node.inputs[0]],
                                 shared.get(node.name, 1))))
        for node in counted)
    return Energy(len(trace[counted[0].inputs[0]]) if counted else 0, layers,
                  traffic(graph, {layer.name: layer for layer in layers},
                          _read(graph, foldings or {}, trace), _scored(foldings or {})))


def _read(graph: Graph, foldings: Mapping[str, Folding],
          trace: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Bits of weights that the convolutions of a circuit read."""
    found = {}
    for node in graph.nodes:
        folding, source = foldings.get(node.name), node.inputs[0]
        if isinstance(node.op, Conv) and isinstance(folding, ConvFolding):
            found[node.name] = weights_read(node.op, graph.types[source], trace[source],
                                            folding.form)
    return found


def _scored(foldings: Mapping[str, Folding]) -> set[str]:
    """The attentions of a circuit that make scores first."""
    return {name for name, folding in foldings.items()
            if isinstance(folding, SelfAttentionFolding)
            and folding.association is Association.SCORES}


def _mixed(mine: tuple[Averages, ...], others: tuple[Averages, ...],
           share: float) -> tuple[Averages, ...]:
    """``share`` of these and the rest of the others, layer by layer."""
    return tuple(
        replace(a, **{name: share * value + (1 - share) * getattr(b, name)
                      for name, value in vars(a).items() if isinstance(value, float)})
        for a, b in zip(mine, others, strict=True))
