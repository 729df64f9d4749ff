"""Kernel of :class:`ir.ops.ParallelNeuron`."""

import torch
from torch import Tensor

from golden.ops.checks import check_integers
from golden.ops.products import exact_matmul
from ir.ops import ParallelNeuron

__all__ = ["parallel_neuron"]


def parallel_neuron(op: ParallelNeuron, x: Tensor) -> Tensor:
    """Spikes of all time steps at once: a matrix over time, then thresholds."""
    x = check_integers("ParallelNeuron", x).long()
    if tuple(x.shape[1:3]) != (op.steps, op.channels):
        raise ValueError(f"ParallelNeuron takes {op.steps} time steps of {op.channels} channels, "
                         f"not {x.shape[1]} of {x.shape[2]}")
    weight, threshold = (torch.from_numpy(values.copy()).to(x.device)
                         for values in (op.weight, op.threshold))
    h = exact_matmul(weight, x.flatten(2)).view_as(x)
    return (h >= threshold[:, :, None, None]).to(torch.int8)
