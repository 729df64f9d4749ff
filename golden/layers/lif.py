"""Leaky integrate-and-fire neurons for training."""

import math

import torch
from torch import Tensor, nn

from golden.layers.layer import Layer
from golden.layers.leak import Leak, leak_of
from golden.layers.membrane import integrate_and_fire
from ir.ops import Reset

__all__ = ["Lif"]


class Lif(Layer):
    """Neurons that charge, fire at a threshold and reset, see :class:`ir.ops.Lif`.

    They charge to ``h = v + (x - v) / tau``, or ``v - v / tau + x`` without ``decay_input``.

    Parameters
    ----------
    threshold : float, or Tensor ``[C]`` or ``[T, C]``
        Above zero. Kept in checkpoints, not trained.
    tau : float
        Time constant, at least 1; infinity integrates without leak.
    decay_input : bool
    reset : Reset
    strict : bool
        Fire above the threshold, not at it.
    learn : bool
        Train the time constant of the layer (PLIF): ``1 / tau`` is the sigmoid of a parameter.
    keep : float, optional
        Instead of ``tau``: ``h = keep * v + x``.

    Raises
    ------
    ValueError
        For other thresholds and time constants.
    """

    threshold: Tensor

    def __init__(self, threshold: float | Tensor = 1.0, *, tau: float = 2.0,
                 decay_input: bool = True, reset: Reset = Reset.TO_ZERO, strict: bool = False,
                 learn: bool = False, keep: float | None = None):
        super().__init__()
        values = torch.as_tensor(threshold, dtype=torch.float32).clone()
        values = values.reshape(1) if values.ndim == 0 else values
        if values.ndim > 2 or not values.numel() or not bool((values > 0).all()):
            raise ValueError("Lif threshold must be above zero, one number, [C] or [T, C], "
                             f"not {threshold}")
        if keep is not None:
            if not 0 <= keep <= 1:
                raise ValueError(f"Lif keep must be 0 to 1, not {keep}")
            tau, decay_input = 1 / (1 - keep) if keep < 1 else math.inf, False
        if not tau >= 1:
            raise ValueError(f"Lif tau must be at least 1, not {tau}")
        if learn and not 1 < tau < math.inf:
            raise ValueError(f"Lif can learn from a tau above 1 on, below infinity, not {tau}")
        self.register_buffer("threshold", values)
        self.decay_input, self.reset, self.strict = decay_input, reset, strict
        self.fixed = tau
        self.decay = nn.Parameter(torch.tensor(-math.log(tau - 1))) if learn else None

    @property
    def tau(self) -> float:
        """The time constant, as it is now."""
        return self.fixed if self.decay is None else 1 / float(self.decay.detach().sigmoid())

    @property
    def leak(self) -> Leak:
        """The time constant as whole numbers; learned ones are rounded."""
        return leak_of(self.tau, self.decay_input)

    def forward(self, x: Tensor) -> Tensor:
        lost = (torch.tensor(1 / self.fixed) if self.decay is None else self.decay.sigmoid())
        charges = self.decay_input and self.fixed < math.inf
        drive = lost if charges else torch.ones(())
        return integrate_and_fire(x, 1 - lost, drive, self.threshold, x.new_ones(1),
                                  strict=self.strict, soft=self.reset is Reset.BY_THRESHOLD)
