"""Fewer spikes, where they cost."""

from dataclasses import dataclass

import torch
from torch import Tensor

from golden.layers import LevelLif, Lif, MaskAttention, ParallelNeuron, SelfAttention, Weights
from golden.net import Net
from golden.objective import Batch, Term, above_zero
from golden.quantize.neurons import IntegerNeuron
from golden.quantize.weights import IntegerWeights
from ir import IMAGE

__all__ = ["SpikeCost"]

ATTENTION = (MaskAttention, SelfAttention)
NEURONS = (Lif, LevelLif, ParallelNeuron, IntegerNeuron)
WEIGHTS = (Weights, IntegerWeights)


@dataclass(frozen=True, kw_only=True)
class SpikeCost:
    """Adds ``weight`` times the share of synaptic operations that spikes cause.

    A layer's share of non-zero inputs is weighed with its operations when all of them spike, so a
    spike counts as often as it is added. Only what neurons send to weights counts, and not
    behind attention: a plain mean of all rates silences attention first.

    Parameters
    ----------
    weight : float
        Above zero.
    target : float
        The share that is free.
    """

    weight: float
    target: float = 0.0

    def __post_init__(self):
        above_zero(self, "weight")
        if not 0 <= self.target < 1:
            raise ValueError(f"SpikeCost target must be from 0 to below 1, not {self.target}")

    def term(self, net: Net) -> Term:
        operations: dict[str, int] = {}
        for name, layer in net.named_layers():
            if isinstance(layer, WEIGHTS):
                source, = net.inputs[name]
                if _fires(net, source):
                    operations[source] = operations.get(source, 0) + _dense(net, name, layer)
        if not operations:
            raise ValueError("SpikeCost finds no layer of weights that reads spikes")
        total = sum(operations.values())

        def loss(batch: Batch) -> Tensor:
            share = torch.stack([batch.tensors[name].mean() * (count / total)
                                 for name, count in operations.items()]).sum()
            return self.weight * torch.relu(share - self.target)

        return Term(loss, frozenset(operations))


def _dense(net: Net, name: str, layer: Weights | IntegerWeights) -> int:
    """Additions per image when every input spikes in every step."""
    steps, _, height, width = net.shapes[name]
    return steps * height * width * layer.weight.numel()


def _fires(net: Net, name: str) -> bool:
    """Whether a tensor is that of neurons which do not stand behind attention."""
    if name == IMAGE or not isinstance(net.layer(name), NEURONS):
        return False
    source, = net.inputs[name]
    return source == IMAGE or not isinstance(net.layer(source), ATTENTION)
