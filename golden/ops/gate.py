"""Kernel of :class:`ir.ops.Gate`."""

from torch import Tensor

from golden.ops.checks import check_integers, check_spikes
from ir.ops import Gate

__all__ = ["gate"]


def gate(op: Gate, a: Tensor, gates: Tensor) -> Tensor:
    """Values where the gate, of fewer channels or one position perhaps, spikes."""
    a, gates = check_integers("Gate", a), check_spikes("Gate", gates)
    if a.shape[2] % gates.shape[2]:
        raise ValueError(f"Gate of {gates.shape[2]} channels does not fit {a.shape[2]}")
    heads = a.unflatten(2, (gates.shape[2], -1))
    return (heads * gates.unsqueeze(3)).flatten(2, 3)
