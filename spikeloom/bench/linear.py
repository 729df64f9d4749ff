"""A layer of spikes alone: synaptic operations per second and LUT, beside other tools' layers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from flows import Circuit, FlowError, synthesize_circuit
from hdl.emit import emit_component
from hdl.lowering import Lowering
from ir import IMAGE, Graph, Interval, Node, TensorType
from ir.ops import Conv, TokenSum, Upsample
from spikeloom.bench.peers import da4ml, nngen
from spikeloom.bench.row import Goal, NotMeasured, Row
from spikeloom.bench.run import Check, Setting
from spikeloom.design import Design, generate

__all__ = ["CHECKS", "Layer", "layer_figures"]

TARGET = "ulx3s-85f"
SIDE = 32
IMAGES = 2
SEED = 0
GOAL = Goal(True, 7.5e6)
TOP = "spike_linear"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A linear layer of random weights on independent random spikes, and its folding."""

    inputs: int
    outputs: int
    bits: int = 4
    activity: float = 0.1
    lanes: int
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


def _graph(layer: Layer) -> Graph:
    """The layer on four tokens for each one that enters, so that the input bus is no bound."""
    weight = layer.weight()[:, :, None, None]
    image = TensorType(steps=1, channels=layer.inputs, height=SIDE, width=SIDE,
                       interval=Interval(0, 1))
    head = np.ones((1, layer.outputs, 1, 1), int)
    nodes = (
        Node("tokens", Upsample(factor=2), (IMAGE,)),
        Node("layer", _conv(weight, layer.bits), ("tokens",)),
        Node("pool", TokenSum(), ("layer",)),
        Node("head", _conv(head, 2), ("pool",)))
    return Graph("spike_linear", image, nodes)


def _conv(weight: np.ndarray, bits: int) -> Conv:
    zeros = np.zeros(len(weight), int)
    return Conv(weight=weight, bias=zeros, shift=zeros, weight_bits=bits)


def layer_figures(layer: Layer, setting: Setting, *, seed: int = 1) -> dict[str, Any]:
    """Cycles per token of the simulated Verilog, placed area and routed clock of the engine alone.

    Operations are those executed: a spike's, one for each output. Raises :exc:`NotMeasured` if
    the circuit's sums are not the integers'.
    """
    design = generate(_graph(layer), TARGET, foldings={
        "layer": {"lanes": layer.lanes, "drain": layer.drain, "scan": layer.scan}})
    shape = (IMAGES, layer.inputs, SIDE, SIDE)
    images = (np.random.default_rng(SEED).random(shape) < layer.activity).astype(np.uint8)
    found = design.simulate(images, trace=["layer"], processes=1)
    sums = np.einsum("oi,nihw->nohw", layer.weight(), images.astype(np.int64))
    if not (found.tensors["layer"][:, 0] == sums.repeat(2, 2).repeat(2, 3)).all():
        raise NotMeasured("the engine's sums are not the integers'")
    tokens = 4 * SIDE * SIDE
    first, last = found.spans["layer"][0, 0], found.spans["layer"][-1, 1]
    cycles = float(last - first) / (IMAGES * tokens - 1)
    placed = synthesize_circuit(_circuit(design), TARGET, seed=seed, progress=setting.remark)
    area, fmax = placed.accelerator, placed.fmax_mhz
    if not fmax or not area.luts:
        raise NotMeasured("place and route gave no clock or no area")
    operations = float(images.mean()) * layer.inputs * layer.outputs
    return {**area.as_dict(), "fmax_mhz": fmax, "cycles_per_token": cycles,
            "tokens": IMAGES * tokens, "operations_per_token": operations,
            "lut_us": area.luts * cycles / fmax,
            "sops_per_lut": operations / cycles * fmax * 1e6 / area.luts}


def _circuit(design: Design) -> Circuit:
    """The engine of the layer alone."""
    engine = Lowering(design.graph, design.foldings).stages["layer"].component
    files = emit_component(engine, TOP)
    return Circuit(top=TOP,
                   sources={name: text for name, text in files.items() if name.endswith(".v")},
                   memories={name: text for name, text in files.items() if name.endswith(".hex")})


LAYERS = tuple(Layer(inputs=size, outputs=size, lanes=size, drain=max(4, size // 8),
                     scan=max(4, size // 8)) for size in (32, 64, 128))


def _operations(layer: Layer, setting: Setting) -> Row:
    figures = layer_figures(layer, setting)
    return Row(name=f"spike-linear/{layer.name}", value=figures["sops_per_lut"],
               unit="SOP/s/LUT", goal=GOAL if layer.inputs == 128 else None, figures=figures,
               how=f"engine alone between registers, {layer.bits}-bit weights, "
                   f"{layer.activity:.0%} of inputs spike independently; executed operations, "
                   f"simulated cycles of {figures['tokens']} tokens, routed clock on {TARGET}")


def _placed(circuit: Circuit, cycles: float, setting: Setting) -> dict[str, Any]:
    """Placed area and routed clock of another tool's layer, and LUT times microseconds."""
    placed = synthesize_circuit(circuit, TARGET, progress=setting.remark)
    area, fmax = placed.accelerator, placed.fmax_mhz
    if not fmax or not area.luts:
        raise NotMeasured("place and route gave no clock or no area")
    return {**area.as_dict(), "fmax_mhz": fmax, "cycles_per_token": cycles,
            "lut_us": area.luts * cycles / fmax}


def _unrolled(layer: Layer, setting: Setting) -> dict[str, Any]:
    """da4ml's: a token per cycle."""
    return _placed(da4ml.layer(layer.weight()), 1.0, setting)


def _sequential(layer: Layer, setting: Setting) -> dict[str, Any]:
    """NNgen's: cycles per token are the difference of two runs, so that starting is no part."""
    rng = np.random.default_rng(SEED)
    few, more = TOKENS
    spikes = (rng.random((more, layer.inputs)) < layer.activity).astype(np.int64)
    _, short = nngen.layer(layer.weight(), spikes[:few])
    circuit, long = nngen.layer(layer.weight(), spikes)
    return _placed(circuit, (long - short) / (more - few), setting)


PEERS: Mapping[str, Callable[[Layer, Setting], dict[str, Any]]] = {
    "da4ml 0.6.0": _unrolled, "NNgen 1.3.4": _sequential}
TOKENS = (2, 6)


def _told(name: str, layer: Layer, setting: Setting) -> str:
    """What another tool's layer takes, or why that is not known."""
    try:
        found = PEERS[name](layer, setting)
    except (NotMeasured, FlowError) as error:
        return f"{name}: not measured, {error}"
    return (f"{name}: {found['lut_us']:,.1f} ({found['luts']:,} LUT, {found['ffs']:,} FF, "
            f"{found['brams']} block RAM, {found['dsps']} DSP, {found['fmax_mhz']:.1f} MHz, "
            f"{found['cycles_per_token']:,.1f} cycles)")


def _beside(layer: Layer, setting: Setting) -> Row:
    """LUT times microseconds per token: ours, and the other tools'."""
    ours = layer_figures(layer, setting)
    return Row(name=f"linear/{layer.name}", value=ours["lut_us"], unit="LUT us", figures=ours,
               peer="; ".join(_told(name, layer, setting) for name in PEERS),
               how=f"the layers of spike-linear, per token, all on {TARGET} with the same tools; "
                   "da4ml's is unrolled into logic, NNgen's reads weights over its bus")


CHECKS = (
    *(Check(name=f"spike-linear/{layer.name}", unit="SOP/s/LUT",
            goal=GOAL if layer.inputs == 128 else None, measure=partial(_operations, layer))
      for layer in LAYERS),
    *(Check(name=f"linear/{layer.name}", unit="LUT us", goal=None,
            measure=partial(_beside, layer)) for layer in LAYERS))
