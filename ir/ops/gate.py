"""Spikes that let values pass."""

from dataclasses import dataclass, replace

from ir.tensors import Interval, TensorType

__all__ = ["Gate"]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Values where the gate spikes, zero elsewhere; on spikes it is an AND.

    ``out[t, c, n] = a[t, c, n] if gate[t, c * G // C, m] else 0`` for ``C`` channels of ``a`` and
    ``G`` of the gate, ``G`` dividing ``C``: a gate of fewer channels serves a head each. ``m`` is
    ``n``, or the only position of a gate that has one: such a gate serves all tokens.
    """

    def output(self, a: TensorType, gate: TensorType) -> TensorType:
        """The type of the output; raises ValueError for a gate that does not fit ``a``."""
        if not gate.is_spikes:
            raise ValueError(f"Gate takes spikes as its gate, not {gate.interval}")
        maps = (gate.height, gate.width)
        if gate.steps != a.steps or a.channels % gate.channels or (
                maps not in ((1, 1), (a.height, a.width))):
            raise ValueError(f"Gate of {gate.shape} does not fit {a.shape}")
        return replace(a, interval=Interval(min(0, a.interval.low), max(0, a.interval.high)))
