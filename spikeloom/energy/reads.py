# amaranth: UnusedElaboratable=no
# An engine is made to be asked for its tables, not to be built.
"""Bits of weights that a circuit's convolution reads, by the form that it is built in."""

from collections.abc import Callable

import numpy as np

from hdl.layout import Layout
from hdl.ops.conv import ConvForm
from hdl.table_linear import TableLinear
from ir import TensorType
from ir.ops import Conv

__all__ = ["weights_read"]


def weights_read(op: Conv, kind: TensorType, values: np.ndarray, form: ConvForm) -> float:
    """Bits for one image, average over inputs ``values`` ``[N, T, C, H, W]`` of type ``kind``."""
    return _READ[form](op, kind, values) * op.out_channels


def _events(op: Conv, kind: TensorType, values: np.ndarray) -> float:
    """A weight of every output channel for each one among the bits of a window's values."""
    bits = (1 << kind.interval.bits) - 1
    edge = op.padding
    ones = np.bitwise_count(values & bits).sum((1, 2), dtype=np.int64)
    outside = int(op.pad_value & bits).bit_count() * kind.steps * kind.channels
    ones = np.pad(ones, ((0, 0), (edge, edge), (edge, edge)), constant_values=outside)
    windows = np.lib.stride_tricks.sliding_window_view(ones, (op.kernel, op.kernel), (1, 2))
    return float(windows[:, ::op.stride, ::op.stride].sum()) * op.weight_bits / len(values)


def _serial(op: Conv, kind: TensorType, values: np.ndarray) -> float:
    """One for each value of a window, zero or not, and for what lies outside the map."""
    return float(kind.steps * op.in_channels * op.kernel**2 * op.output(kind).positions
                 * op.weight_bits)


def _folded(op: Conv, kind: TensorType, values: np.ndarray) -> float:
    """None: the weights are logic."""
    return 0.0


def _tables(op: Conv, kind: TensorType, values: np.ndarray) -> float:
    """A sum for each piece that has spikes, and one for a time step without any.

    As in an engine that takes all channels at once: narrower ones also look up beats without
    spikes.
    """
    out = op.output(kind)
    engine = TableLinear(op, Layout(kind, kind.channels, kind.channels),
                         Layout(out, out.channels, out.channels), name="read")
    pieces = values.reshape(*values.shape[:2], -1, engine.piece, *values.shape[3:]).any(3)
    return float(np.maximum(pieces.sum(2), 1).sum()) * engine.entry.width / len(values)


_READ: dict[ConvForm, Callable[[Conv, TensorType, np.ndarray], float]] = {
    ConvForm.EVENTS: _events, ConvForm.SERIAL: _serial, ConvForm.FOLDED: _folded,
    ConvForm.TABLES: _tables}
