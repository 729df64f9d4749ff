"""Pooling over time, as a sum."""

from dataclasses import dataclass, replace

from ir.tensors import Interval, TensorType

__all__ = ["TimeSum"]


@dataclass(frozen=True, kw_only=True)
class TimeSum:
    """Sum over all time steps: ``out[0] = sum over t of x[t]``; on spikes, their count."""

    def output(self, x: TensorType) -> TensorType:
        """The type of the sum, of one time step."""
        interval = Interval(x.interval.low * x.steps, x.interval.high * x.steps)
        return replace(x, steps=1, interval=interval)
