"""Neurons of several levels for training."""

import math

import torch
from torch import Tensor

from golden.layers.layer import Layer
from golden.layers.leak import Leak, leak_of
from golden.layers.surrogate import straight
from ir.ops import Polarity

__all__ = ["LevelLif"]


class LevelLif(Layer):
    """Rounds currents to levels, see :class:`ir.ops.LevelLif`.

    Without ``tau``: ``s = round(clamp(x / step, 0, levels))``, and ``s * norm`` leaves. With it, a
    potential is charged as in :class:`golden.layers.Lif`, rounded, and ``s * step`` is taken off.
    Gradients pass straight through within the clamp.

    Parameters
    ----------
    levels : int
    step : float
        What one level is on the way in.
    norm : float
        What one level is on the way out.
    half_even : bool
        Ties go to the even level, as ``torch.round`` does; else up, away from zero.
    polarity : Polarity
        With :attr:`Polarity.BOTH` the clamp is to ``-levels..levels``.
    tau : float, optional
    decay_input : bool
    """

    def __init__(self, levels: int, *, step: float = 1.0, norm: float = 1.0,
                 half_even: bool = False, polarity: Polarity = Polarity.UP,
                 tau: float | None = None, decay_input: bool = False):
        super().__init__()
        if levels < 1 or step <= 0 or norm <= 0:
            raise ValueError("LevelLif takes at least one level, step and norm above zero, not "
                             f"{levels}, {step} and {norm}")
        if tau is not None and not tau >= 1:
            raise ValueError(f"LevelLif tau must be at least 1, not {tau}")
        self.levels, self.step, self.norm = levels, step, norm
        self.half_even, self.polarity = half_even, polarity
        self.tau, self.decay_input = tau, decay_input

    @property
    def leak(self) -> Leak:
        """The time constant as whole numbers; none is kept without one."""
        return Leak(0, 1, 1) if self.tau is None else leak_of(self.tau, self.decay_input)

    @property
    def strict(self) -> list[bool]:
        """For each level, whether a current exactly at its threshold stays below."""
        return [self.half_even and level % 2 == 1 for level in range(1, self.levels + 1)]

    @torch.no_grad()
    def _rounded(self, x: Tensor) -> Tensor:
        low = -self.levels if self.polarity is Polarity.BOTH else 0
        z = (x / self.step).clamp(low, self.levels)
        return z.round() if self.half_even else (z.abs() + 0.5).floor() * z.sign()

    def forward(self, x: Tensor) -> Tensor:
        high = x.new_tensor(self.levels * self.step)
        low = -high if self.polarity is Polarity.BOTH else torch.zeros_like(high)
        rise = x.new_tensor(1 / self.step)
        if self.tau is None:
            return straight(x, self._rounded(x), low, high, rise) * self.norm
        kept = 1 - (0 if math.isinf(self.tau) else 1 / self.tau)
        driven = 1 - kept if self.decay_input and kept < 1 else 1.0
        fired, v = [], None
        for current in x:
            h = driven * current if v is None else driven * current + kept * v
            fired.append(straight(h, self._rounded(h), low, high, rise))
            v = h - fired[-1].detach() * self.step
        return torch.stack(fired) * self.norm
