"""Networks by da4ml: all weights as adders in logic, one input vector every cycle."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from flows import Circuit
from spikeloom.bench.mlp import Affine, logits_of
from spikeloom.bench.row import NotMeasured

__all__ = ["Unrolled", "classifier", "layer"]

TOP = "model"
STAGE = 2
"""Adders between two registers."""


FAST = {"method0": "wmc", "decompose_dc": -1, "search_all_decompose_dc": False}
"""One search for common terms instead of one for each depth: minutes for what is large."""

TOGETHER = 256
"""Neurons whose common terms are sought together: three times as many take 20 times as long."""


@dataclass(frozen=True)
class Unrolled:
    """A circuit, its registers from first to last, and da4ml's estimate of its LUTs."""

    circuit: Circuit
    latency_cycles: int
    cost: float


def layer(weight: np.ndarray) -> Circuit:
    """The circuit of ``weight @ x`` for spikes ``x``, of integers ``[out, in]``.

    Raises :exc:`NotMeasured` where da4ml is not installed, or its own interpretation of the
    circuit does not compute the product.
    """
    return _circuit([Affine(weight=weight, bias=np.zeros(len(weight), np.int64))],
                    np.random.default_rng(0).integers(0, 2, (64, weight.shape[1])), {}).circuit


def classifier(layers: Sequence[Affine], pixels: np.ndarray) -> Unrolled:
    """Layers for black and white pixels ``[N, in]``, which the circuit is tried with.

    Raises :exc:`NotMeasured` as :func:`layer` does.
    """
    return _circuit(layers, pixels, FAST)


def _circuit(layers: Sequence[Affine], bits: np.ndarray, options: dict[str, object]) -> Unrolled:
    try:
        codegen, trace = import_module("da4ml.codegen"), import_module("da4ml.trace")
    except ModuleNotFoundError as error:
        raise NotMeasured("da4ml is not installed; `make bench` installs it") from error
    inputs = bits.shape[1]
    x = trace.FixedVariableArrayInput((inputs,), solver_options=options).quantize(*(
        np.full(inputs, value) for value in (0, 1, 0)))
    y: Any = x
    for each in layers:
        parts = np.array_split(each.weight.T.astype(float), -(-len(each.weight) // TOGETHER), 1)
        y = np.concatenate([y @ part for part in parts])
        y = (y + each.bias.astype(float)) * 0.5 ** each.shift
        if each.highest is not None:
            whole = np.full(len(each.weight), each.highest.bit_length())
            y = y.quantize(0 * whole, whole, 0 * whole, overflow_mode="SAT")
    combinational = trace.comb_trace(x, y)
    if not (combinational.predict(bits.astype(float)) == logits_of(layers, bits)).all():
        raise NotMeasured("what da4ml says of its circuit is not the integers'")
    pipeline = trace.to_pipeline(combinational, STAGE, verbose=False)
    with TemporaryDirectory(prefix="spikeloom-") as room:
        codegen.RTLModel(pipeline, TOP, room).write()
        sources = {str(path.relative_to(room)): path.read_bytes()
                   for path in sorted((Path(room) / "src").rglob("*.v"))
                   if path.stem not in (f"{TOP}_wrapper", "lookup_table")}
    return Unrolled(Circuit(top=TOP, sources=sources), len(pipeline[0]) + 1, combinational.cost)
