"""Kernel of :class:`ir.ops.Gate`."""

from torch import Tensor

from golden.ops.checks import check_integers, check_spikes
from ir.ops import Gate

__all__ = ["gate"]


def gate(op: Gate, a: Tensor, gates: Tensor) -> Tensor:
    """Values where the gate, of fewer channels or one position perhaps, spikes."""
    a, gates = check_integers("Gate", a), check_spikes("Gate", gates)
    one_map = gates.shape[3:] in (a.shape[3:], (1, 1))
    if gates.shape[:2] != a.shape[:2] or a.shape[2] % gates.shape[2] or not one_map:
        raise ValueError(f"Gate of {list(gates.shape)} does not fit {list(a.shape)}")
    heads = a.unflatten(2, (gates.shape[2], -1))
    return (heads * gates.unsqueeze(3)).flatten(2, 3)
