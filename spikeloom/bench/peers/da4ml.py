"""Layers by da4ml: all weights as adders in logic, one input vector every cycle."""

from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from flows import Circuit
from spikeloom.bench.row import NotMeasured

__all__ = ["layer"]

TOP = "model"
STAGE = 2
"""Adders between two registers."""


def layer(weight: np.ndarray) -> Circuit:
    """The circuit of ``weight @ x`` for spikes ``x``, of integers ``[out, in]``.

    Raises :exc:`NotMeasured` where da4ml is not installed, or its own interpretation of the
    circuit does not compute the product.
    """
    try:
        codegen, trace = import_module("da4ml.codegen"), import_module("da4ml.trace")
    except ModuleNotFoundError as error:
        raise NotMeasured("da4ml is not installed; `make bench` installs it") from error
    inputs = weight.shape[1]
    x = trace.FixedVariableArrayInput((inputs,)).quantize(*(
        np.full(inputs, value) for value in (0, 1, 0)))
    combinational = trace.comb_trace(x, x @ weight.T.astype(float))
    spikes = np.random.default_rng(0).integers(0, 2, (64, inputs))
    if not (combinational.predict(spikes.astype(float)) == spikes @ weight.T).all():
        raise NotMeasured("da4ml's layer does not compute the product")
    with TemporaryDirectory(prefix="spikeloom-") as room:
        codegen.RTLModel(trace.to_pipeline(combinational, STAGE, verbose=False), TOP, room).write()
        sources = {str(path.relative_to(room)): path.read_bytes()
                   for path in sorted((Path(room) / "src").rglob("*.v"))
                   if path.stem not in (f"{TOP}_wrapper", "lookup_table")}
    return Circuit(top=TOP, sources=sources)
