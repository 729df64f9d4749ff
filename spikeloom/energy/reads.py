"""Bits of weights that a circuit's convolution reads, by the form that it is built in."""

from collections.abc import Callable

import numpy as np

from hdl.ops.conv import ConvForm
from ir import TensorType
from ir.ops import Conv

__all__ = ["weights_read"]


def weights_read(op: Conv, kind: TensorType, values: np.ndarray, form: ConvForm) -> float:
    """Bits for one image, average over inputs ``values`` ``[N, T, C, H, W]`` of type ``kind``."""
    return _READ[form](op, kind, values) * op.out_channels * op.weight_bits


def _events(op: Conv, kind: TensorType, values: np.ndarray) -> float:
    """A weight of every output channel for each one among the bits of a window's values."""
    bits = (1 << kind.interval.bits) - 1
    edge = op.padding
    ones = np.bitwise_count(values & bits).sum((1, 2), dtype=np.int64)
    outside = int(op.pad_value & bits).bit_count() * kind.steps * kind.channels
    ones = np.pad(ones, ((0, 0), (edge, edge), (edge, edge)), constant_values=outside)
    windows = np.lib.stride_tricks.sliding_window_view(ones, (op.kernel, op.kernel), (1, 2))
    return float(windows[:, ::op.stride, ::op.stride].sum()) / len(values)


def _serial(op: Conv, kind: TensorType, values: np.ndarray) -> float:
    """One for each value of a window, zero or not, and for what lies outside the map."""
    return float(kind.steps * op.in_channels * op.kernel**2 * op.output(kind).positions)


def _folded(op: Conv, kind: TensorType, values: np.ndarray) -> float:
    """None: the weights are logic."""
    return 0.0


_READ: dict[ConvForm, Callable[[Conv, TensorType, np.ndarray], float]] = {
    ConvForm.EVENTS: _events, ConvForm.SERIAL: _serial, ConvForm.FOLDED: _folded}
