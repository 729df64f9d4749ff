"""Networks by NNgen: weights in memory behind AXI, simulated with its own memory model."""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from flows import Circuit
from spikeloom.bench.mlp import Affine, logits_of
from spikeloom.bench.row import NotMeasured

__all__ = ["BUS", "CLOCK", "classifier", "layer", "steady"]

TOP = "nngen_layer"
BUS = 32
"""Bits per cycle of every input, ours too."""

CHUNK = 64
MEMORY = 1 << 20
CLOCK = 60
"""MHz to ask for: about what its layers reach."""

SIMULATION_STEPS = 2_000_000_000


def layer(weight: np.ndarray, spikes: np.ndarray) -> tuple[Circuit, int]:
    """The circuit of ``spikes @ weight.T``, of 4-bit integers ``[out, in]`` and ``[tokens, in]``,
    with NNgen's own attributes, and the cycles of a run.

    Raises :exc:`NotMeasured` where NNgen or Icarus Verilog are not installed, or the simulated
    product is not right.
    """
    ng = _nngen()
    x = ng.placeholder(dtype=ng.int8, shape=spikes.shape, name="x")
    y = ng.matmul(x, _constant(ng, ng.int4, weight, "w"), transposed_b=True, name="y",
                  dtype=ng.int16, sum_dtype=ng.int32)
    return _circuit(ng, x, y, spikes, spikes @ weight.T)


def classifier(layers: Sequence[Affine], images: np.ndarray) -> tuple[Circuit, int]:
    """The circuit of 8-bit layers with ReLU between them, and the cycles of a run of ``images``
    ``[N, in]`` of 8 bits.

    Raises :exc:`NotMeasured` as :func:`layer` does, for any logit that is not right.
    """
    ng = _nngen()
    x = y = ng.placeholder(dtype=ng.int8, shape=images.shape, name="x")
    for i, each in enumerate(layers):
        last = i == len(layers) - 1
        # NNgen rounds to the nearest by itself.
        bias = each.bias - (1 << each.shift >> 1)
        y = ng.matmul(y, _constant(ng, ng.int8, each.weight, f"w{i}"),
                      bias=_constant(ng, ng.int32, bias, f"b{i}"), transposed_b=True,
                      act_func=None if last else ng.relu, dtype=ng.int32 if last else ng.int8,
                      sum_dtype=ng.int32, name=f"y{i}")
        # As many products per cycle as its bus brings weights.
        y.attribute(cshamt_out=each.shift or None, par_left_col=BUS // 8)
    return _circuit(ng, x, y, images, logits_of(layers, images))


def steady(build: Callable[[np.ndarray], tuple[Circuit, int]], inputs: np.ndarray,
           few: int) -> tuple[Circuit, float, int]:
    """Of :func:`layer` or :func:`classifier`: the circuit for all ``inputs``, its cycles for each,
    and those of a run of ``few``.

    The cycles for each are the difference of the two runs, so that starting is no part of them.
    """
    _, short = build(inputs[:few])
    circuit, long = build(inputs)
    return circuit, (long - short) / (len(inputs) - few), short


def _nngen():
    try:
        return import_module("nngen")
    except ModuleNotFoundError as error:
        raise NotMeasured("NNgen is not installed; `make bench` installs it") from error


def _constant(ng, dtype, values: np.ndarray, name: str):
    variable = ng.variable(dtype=dtype, shape=values.shape, name=name)
    variable.set_value(values.astype(np.int64))
    return variable


def _circuit(ng, x, y, inputs: np.ndarray, wanted: np.ndarray) -> tuple[Circuit, int]:
    if shutil.which("iverilog") is None:
        raise NotMeasured("Icarus Verilog is not installed, which simulates NNgen's memory model")
    top = ng.to_veriloggen([y], TOP, silent=True, config={"maxi_datawidth": BUS})
    cycles = _simulate(ng, top, x, y, inputs, wanted)
    return Circuit(top=TOP, sources={f"{TOP}.v": _plain(top.to_verilog()).encode()}), cycles


def _plain(text: str) -> str:
    """The clock by the name that our flows know, and port widths as plain numbers."""
    text = re.sub(r"\[(\d+)-1:0\]", lambda found: f"[{int(found[1]) - 1}:0]", text)
    return re.sub(r"\bCLK\b", "clk", text)


def _simulate(ng, top, x, y, inputs: np.ndarray, wanted: np.ndarray) -> int:
    """The cycles from start to end of a run whose every output is ``wanted``."""
    axi, width = import_module("veriloggen.types.axi"), y.dtype.width
    weights = ng.export_ndarray([y], CHUNK)
    places = [_above(x.addr + x.memory_size)]
    for size in (len(weights), y.memory_size):
        places.append(_above(places[-1] + size))
    memory = np.zeros(MEMORY // (BUS // 8), np.int64)
    axi.set_memory(memory, inputs, BUS, 8, x.addr, BUS // 8)
    axi.set_memory(memory, weights, BUS, 8, places[0])
    axi.set_memory(memory, wanted, BUS, width, places[1], BUS // width)
    with TemporaryDirectory(prefix="spikeloom-") as room:
        image = Path(room) / "memory.out"
        text = _bench(ng, top, y, memory, str(image), places[1:])
        (Path(room) / "bench.v").write_text(text)
        subprocess.run(["iverilog", "-o", "bench", "bench.v"], cwd=room, check=True)
        output = subprocess.run(["vvp", "bench"], cwd=room, check=True, capture_output=True,
                                text=True).stdout
    found = re.search(r"cycles:\s*(\d+)", output)
    if found is None or "all equal" not in output:
        raise NotMeasured("what is simulated of NNgen's circuit is not the integers'")
    return int(found[1])


def _above(address: int) -> int:
    return -(-address // CHUNK) * CHUNK


def _bench(ng, top, y, memory: np.ndarray, image: str, places: list[int]) -> str:
    """A test bench: the layer, a memory, and a processor that starts it and compares."""
    vg, axi = import_module("veriloggen"), import_module("veriloggen.types.axi")
    thread, tools = import_module("veriloggen.thread"), vg.simulation
    m = vg.Module("test")
    parameters, ports = m.copy_params(top), m.copy_sim_ports(top)
    assert parameters is not None
    reset = m.Wire("RST")
    reset.assign(vg.Not(ports["RESETN"]))
    model = axi.AxiMemoryModel(m, "memory", ports["CLK"], reset, datawidth=BUS, memimg=memory,
                               memimg_name=image, memimg_datawidth=BUS)
    model.connect(ports, "maxi")
    master = thread.AXIMLite(m, "master", ports["CLK"], reset, noio=True)
    master.connect(ports, "saxi")
    now = m.Reg("now", 32, initval=0)
    vg.Seq(m, "seq", ports["CLK"], reset)(now.inc())
    wanted, free = places
    tokens, outputs, line = y.shape[0], y.shape[1], y.aligned_shape[-1]
    width = y.dtype.width

    def control():
        for _ in range(100):
            pass
        ng.sim.set_global_addrs(master, free)
        started = now.value
        ng.sim.start(master)
        ng.sim.wait(master)
        ended = now.value
        print("cycles:", ended - started)
        right = True
        for i in range(tokens):
            for j in range(outputs):
                if thread.verilog.NotEql(model.read_word(i * line + j, y.addr, width),
                                         model.read_word(i * line + j, wanted, width)):
                    right = False
        if right:
            print("all equal")
        thread.finish()

    thread.Thread(m, "control", ports["CLK"], reset, control).start()
    m.Instance(top, "layer", params=m.connect_params(top), ports=m.connect_ports(top))
    tools.setup_clock(m, ports["CLK"], hperiod=5)
    first = tools.setup_reset(m, ports["RESETN"], m.make_reset(), period=100, polarity="low")
    first.add(vg.Delay(SIMULATION_STEPS), vg.Systask("finish"))
    return m.to_verilog()
