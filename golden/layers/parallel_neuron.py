"""Parallel spiking neurons for training."""

import torch
from torch import Tensor, nn

from golden.layers.layer import Layer
from golden.layers.surrogate import fire

__all__ = ["ParallelNeuron"]


class ParallelNeuron(Layer):
    """Neurons that see all time steps at once, see :class:`ir.ops.ParallelNeuron`.

    Weights begin as those of a leaky membrane: 1 for the step itself, half for the one before it,
    and so on; thresholds begin at 1. Both are trained.

    Parameters
    ----------
    steps : int
    order : int, optional
        How many steps, back from its own, a step looks at; all there are, later ones too, where
        it is None.
    sliding : bool
        The same weights, and one threshold, for all steps: ``[order]``, the last for the step
        itself. Else ``[steps, steps]``.
    """

    band: Tensor

    def __init__(self, steps: int, *, order: int | None = None, sliding: bool = False):
        super().__init__()
        if order is None and sliding:
            raise ValueError("ParallelNeuron that slides needs an order")
        if steps < 1 or order is not None and not 1 <= order <= steps:
            raise ValueError(f"ParallelNeuron order must be 1 to its {steps} steps, not {order}")
        self.steps, self.order, self.sliding = steps, order, sliding
        back = torch.arange(steps)[:, None] - torch.arange(steps)
        band = (back >= 0) & (back < (order or steps))
        self.register_buffer("band", torch.ones_like(band) if order is None else band,
                             persistent=False)
        if sliding:
            assert order is not None
            self.weight = nn.Parameter(0.5 ** torch.arange(order - 1, -1, -1.0))
            self.threshold = nn.Parameter(torch.ones(1))
        else:
            self.weight = nn.Parameter(torch.where(band, 0.5 ** back.clamp(min=0), 0.0))
            self.threshold = nn.Parameter(torch.ones(steps))

    def matrix(self) -> Tensor:
        """Weights ``[steps, steps]``: row ``t`` makes step ``t``."""
        if not self.sliding:
            return self.weight * self.band
        back = torch.arange(self.steps)[:, None] - torch.arange(self.steps)
        taps = self.weight[(len(self.weight) - 1 - back).clamp(0, len(self.weight) - 1)]
        return taps * self.band

    def forward(self, x: Tensor) -> Tensor:
        h = torch.tensordot(self.matrix(), x, dims=1)
        threshold = self.threshold.expand(self.steps).view(-1, *[1] * (x.ndim - 1))
        return fire(h - threshold, x.new_ones(1))
