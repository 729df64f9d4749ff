"""Direct coding: one current held for all time steps."""

from dataclasses import dataclass, replace

from ir.tensors import TensorType

__all__ = ["Repeat"]


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """Presents a tensor of one time step ``steps`` times: ``out[t] = x[0]``.

    A static image's first layer is computed once and its current held (direct coding).
    """

    steps: int

    def __post_init__(self):
        if self.steps < 1:
            raise ValueError(f"Repeat steps must be at least 1, not {self.steps}")

    def output(self, x: TensorType) -> TensorType:
        """``x`` with ``steps`` time steps; raises ValueError if it has more than one already."""
        if x.steps != 1:
            raise ValueError(f"Repeat takes one time step, not {x.steps}")
        return replace(x, steps=self.steps)
