"""A layer of spikes alone: synaptic operations per second and LUT, beside other tools' layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from flows import Circuit, FlowError, Router, count_cells
from hdl.emit import emit_component
from hdl.layout import Layout
from hdl.ops import ConvFolding, ConvForm
from hdl.ops.conv import conv_lanes
from hdl.table_linear import TableLinear
from ir import Interval, TensorType
from ir.ops import Conv
from sim.unit import UNIT, stream
from spikeloom.bench.peers import da4ml, nngen
from spikeloom.bench.placed import MINUTES, TARGET, WithMultipliers, placed_figures
from spikeloom.bench.row import Finding, Goal, NotMeasured, Peer
from spikeloom.bench.run import Check, Setting

__all__ = ["CHECKS", "Layer", "layer_figures"]

SIDE = 32
IMAGES = 4
DEADLINE = 10_000
"""Cycles per token after which the engine is stuck."""

SEED = 0
GOAL = Goal(True, 7.5e6)


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A linear layer of random weights on independent random spikes, and its folding."""

    inputs: int
    outputs: int
    bits: int = 4
    activity: float = 0.1
    drain: int
    scan: int

    @property
    def name(self) -> str:
        return f"{self.inputs}x{self.outputs}"

    def weight(self) -> np.ndarray:
        """``[out, in]``, all values of the bits but the most negative alike."""
        edge = (1 << self.bits - 1) - 1
        return np.random.default_rng(SEED).integers(-edge, edge, (self.outputs, self.inputs),
                                                    endpoint=True)


def _engine(layer: Layer) -> TableLinear:
    """By tables, which takes as many channels per beat as it searches per cycle."""
    tensor = TensorType(steps=1, channels=layer.inputs, height=SIDE, width=SIDE,
                        interval=Interval(0, 1))
    zeros = np.zeros(layer.outputs, int)
    op = Conv(weight=layer.weight()[:, :, None, None], bias=zeros, shift=zeros,
              weight_bits=layer.bits)
    folding = ConvFolding(lanes=layer.outputs, drain=layer.drain, scan=layer.scan,
                          form=ConvForm.TABLES)
    engine = conv_lanes(op, Layout(tensor, layer.inputs, layer.scan), folding, name="layer")
    assert isinstance(engine, TableLinear)
    return engine


def _simulate(layer: Layer, engine: TableLinear, files: Mapping[str, bytes],
              spikes: np.ndarray) -> float:
    """Cycles per token ``[tokens, inputs]``, every sum compared."""
    out, wanted = engine.out, spikes @ layer.weight().T
    beats = [int.from_bytes(np.packbits(beat, bitorder="little").tobytes(), "little")
             for beat in spikes.reshape(-1, layer.scan).astype(np.uint8)]
    found = stream(files, beats, len(spikes) * out.position_beats, DEADLINE * len(spikes))
    bits = out.shape.width
    sums = np.array([[payload >> lane * bits & (1 << bits) - 1 for lane in range(out.lanes)]
                     for _, payload in found]).reshape(len(spikes), -1)
    if not (sums == wanted % (1 << bits)).all():
        raise NotMeasured("the engine's sums are not the integers'")
    ends = [cycle for cycle, _ in found[out.position_beats - 1::out.position_beats]]
    return (ends[-1] - ends[0]) / (len(ends) - 1)


def layer_figures(layer: Layer, setting: Setting, *, seed: int = 1) -> dict[str, Any]:
    """Cycles per token of the simulated Verilog, placed area and routed clock of the engine alone.

    Operations are those executed: a spike's, one for each output. Raises :exc:`NotMeasured` if
    the circuit's sums are not the integers'.
    """
    engine = _engine(layer)
    files = emit_component(engine, UNIT)
    shape = (IMAGES * SIDE * SIDE, layer.inputs)
    spikes = (np.random.default_rng(SEED).random(shape) < layer.activity).astype(np.int64)
    cycles = _simulate(layer, engine, files, spikes)
    circuit = Circuit(top=UNIT, **{kind: {name: text for name, text in files.items()
                                          if name.endswith(end)}
                                   for kind, end in (("sources", ".v"), ("memories", ".hex"))})
    placed = placed_figures(circuit, cycles, setting, seed=seed)
    operations = float(spikes.mean()) * layer.inputs * layer.outputs
    return {**placed, "cycles_per_token": cycles, "interval_cycles": cycles, "tokens": len(spikes),
            "operations_per_token": operations,
            "sops_per_lut": operations / cycles * placed["fmax_mhz"] * 1e6 / placed["luts"]}


LAYERS = tuple(Layer(inputs=size, outputs=size, drain=min(32, size // 2), scan=32)
               for size in (32, 64, 128))


def _operations(layer: Layer, setting: Setting) -> Finding:
    figures = layer_figures(layer, setting)
    return Finding(
        value=figures["sops_per_lut"], figures=figures,
        how=f"engine by tables, alone between registers, {layer.bits}-bit weights, "
            f"{layer.activity:.0%} of inputs spike independently; executed operations, simulated "
            f"cycles of {figures['tokens']} tokens, routed clock on {TARGET}")


def _unrolled(layer: Layer, setting: Setting) -> dict[str, Any]:
    """da4ml's: a token per cycle. The largest, of some 60,000 LUT, by the router that ends on most
    circuits where it reaches the clock: before routing nextpnr takes 69.5 MHz to be possible."""
    circuit, asked = da4ml.layer(layer.weight()), LARGE_CLOCK if layer.inputs > 64 else None
    build: dict[str, Any] = ({"router": Router.SECOND, "clock_mhz": asked,
                              "minutes": LARGE_MINUTES} if asked else {"minutes": MINUTES})
    try:
        return {**placed_figures(circuit, 1.0, setting, **build), "cycles_per_token": 1.0,
                "asked_mhz": asked}
    except FlowError as error:
        mapped = count_cells(circuit, TARGET, minutes=MINUTES).luts
        raise NotMeasured(f"{mapped:,} LUT mapped; {str(error).splitlines()[0]}") from error


def _sequential(layer: Layer, setting: Setting) -> dict[str, Any]:
    """NNgen's: a layer that reads its weights for every token."""
    few, more = TOKENS
    spikes = np.random.default_rng(SEED).random((more, layer.inputs)) < layer.activity
    circuit, cycles, _ = nngen.steady(partial(nngen.layer, layer.weight()),
                                      spikes.astype(np.int64), few)
    return {**placed_figures(circuit, cycles, setting, flow=WithMultipliers(),
                             clock_mhz=nngen.CLOCK), "cycles_per_token": cycles}


LARGE_CLOCK, LARGE_MINUTES = 50, 30
"""MHz asked for of the largest unrolled layer, and how long it may be placed and routed: after 35
minutes on a loaded machine, in its fourth round, the router had 46,000 wires that several nets
want.
"""

PEERS: Mapping[str, Callable[[Layer, Setting], dict[str, Any]]] = {
    "da4ml 0.6.0": _unrolled, "NNgen 1.3.4": _sequential}
TOKENS = (2, 6)
"""Of NNgen's two runs."""


def _peer(name: str, layer: Layer, setting: Setting) -> Peer:
    """What another tool's layer takes, or why that is not known."""
    try:
        found = PEERS[name](layer, setting)
    except (NotMeasured, FlowError) as error:
        return Peer(name, None, f"not measured, {str(error).splitlines()[0]}")
    return Peer(name, found["lut_us"],
                f"{found['luts']:,} LUT, {found['ffs']:,} FF, {found['brams']} block RAM, "
                f"{found['dsps']} DSP, {found['fmax_mhz']:.1f} MHz"
                + (f" ({asked:g} asked for)" if (asked := found.get("asked_mhz")) else "") + ", "
                f"{found['cycles_per_token']:,.1f} cycles")


def _beside(layer: Layer, setting: Setting) -> Finding:
    """LUT times microseconds per token: ours, and the other tools'."""
    ours = layer_figures(layer, setting)
    return Finding(
        value=ours["lut_us"], figures=ours,
        peers=tuple(_peer(name, layer, setting) for name in PEERS),
        how=f"the layers of spike-linear, per token, all on {TARGET} with the same tools; da4ml's "
            "is unrolled into logic, NNgen's reads weights over its bus")


CHECKS = (
    *(Check(name=f"spike-linear/{layer.name}", unit="SOP/s/LUT",
            goal=GOAL if layer.inputs == 128 else None, measure=partial(_operations, layer))
      for layer in LAYERS),
    *(Check(name=f"linear/{layer.name}", unit="LUT us", goal=None,
            measure=partial(_beside, layer)) for layer in LAYERS))
