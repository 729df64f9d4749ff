"""Parallel spiking neurons: all time steps at once, without reset."""

from dataclasses import dataclass, replace

import numpy as np

from ir.arrays import frozen_integers
from ir.tensors import Interval, TensorType

__all__ = ["ParallelNeuron"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ParallelNeuron:
    """Parallel spiking neurons (PSN), one per channel and position, exact in integers.

    For every neuron of channel ``c`` and every time step ``t``:

    1. ``h[t] = sum over s of weight[t, s] * x[s]``;
    2. the neuron spikes when ``h[t] >= threshold[t, c]``.

    The masked form has a band of zeros in ``weight``, the sliding form the same few weights on
    every diagonal.

    Source: Fang et al., Parallel Spiking Neurons with High Efficiency and Ability to Learn
    Long-term Dependencies, NeurIPS 2023, arXiv 2304.12760.

    Parameters
    ----------
    weight : int array ``[steps, steps]``
        Row ``t`` makes step ``t``.
    threshold : int array ``[steps, channels]``
        Of any sign.
    """

    weight: np.ndarray
    threshold: np.ndarray

    def __post_init__(self):
        for name in ("weight", "threshold"):
            object.__setattr__(self, name, frozen_integers(f"ParallelNeuron {name}",
                                                           getattr(self, name), 2))
        if self.weight.shape[0] != self.weight.shape[1]:
            raise ValueError("ParallelNeuron weight must be square, not "
                             f"{self.weight.shape[0]}x{self.weight.shape[1]}")
        if len(self.threshold) != self.steps:
            raise ValueError(f"ParallelNeuron has thresholds of {len(self.threshold)} time steps "
                             f"for {self.steps}")

    @property
    def steps(self) -> int:
        return len(self.weight)

    @property
    def channels(self) -> int:
        return self.threshold.shape[1]

    def potential(self, x: TensorType) -> Interval:
        """The interval of ``h``, of any partial sum included."""
        edges = np.stack([self.weight * x.interval.low, self.weight * x.interval.high])
        return Interval(int(np.minimum(edges.min(0), 0).sum(1).min()),
                        int(np.maximum(edges.max(0), 0).sum(1).max()))

    def output(self, x: TensorType) -> TensorType:
        """Spikes of the shape of ``x``; raises ValueError if ``x`` cannot be the current."""
        if (x.steps, x.channels) != (self.steps, self.channels):
            raise ValueError(f"ParallelNeuron takes {self.steps} time steps of {self.channels} "
                             f"channels, not {x.steps} of {x.channels}")
        return replace(x, interval=Interval(0, 1))
