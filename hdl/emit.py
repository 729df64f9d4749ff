"""Writes a design: Verilog, memory contents, and what a simulator needs to know."""

import gc
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from amaranth.back import rtlil, verilog
from amaranth.hdl import Elaboratable

from hdl.accelerator import Accelerator
from hdl.folding import to_json
from hdl.ops import Folding
from hdl.ops.level_lif import LevelLifLanes
from hdl.ops.lif import LifLanes
from hdl.pixel_input import Packing
from hdl.registers import REGISTERS
from hdl.twins import merged
from hdl.weight_loader import words as load_words
from ir import Graph
from ir.folder import digest

__all__ = ["LEAF", "DesignFiles", "emit", "emit_component"]

TOP = "spikeloom"
LEAF = "spikeloom_memory.v"
WEIGHTS = "weights.bin"
NEURONS = (LifLanes, LevelLifLanes)
"""Components whose state is a membrane potential."""


class DesignFiles:
    """A platform that collects memory contents, see :class:`hdl.memory.MemoryFiles`."""

    def __init__(self):
        self.files: dict[str, bytes] = {}

    def memory_file(self, name: str, width: int, contents: Sequence[int]) -> str:
        path = f"memory/{name}.hex"
        if path in self.files:
            raise ValueError(f"Two memories are called {name!r}")
        digits = -(-width // 4)
        self.files[path] = "".join(f"{word:0{digits}x}\n" for word in contents).encode()
        return path


def emit(graph: Graph, foldings: Mapping[str, Folding], *,
         target: str | None = None) -> dict[str, bytes]:
    """All files of a design by their path: the same bytes for the same input.

    ``spikeloom.v`` (the circuit, top module ``spikeloom``), ``spikeloom_memory.v`` and
    ``memory/`` (its memories), ``spikeloom.f`` (file list), ``manifest.json`` (what a simulator
    needs to know), ``REGISTERS.md``, and ``weights.bin`` where weights are loaded: 32-bit words,
    little-endian, in the order in which register LOAD takes them.
    """
    files = DesignFiles()
    top = Accelerator(graph, foldings, network=int(digest(graph)[:8], 16))
    text = _verilog(top, TOP, files)
    manifest = _manifest(graph, top, foldings, files.files, target)
    return dict(sorted({
        f"{TOP}.v": text.encode(),
        LEAF: (Path(__file__).parent / LEAF).read_bytes(),
        f"{TOP}.f": f"{TOP}.v\n{LEAF}\n".encode(),
        "manifest.json": (json.dumps(manifest, indent=1) + "\n").encode(),
        "REGISTERS.md": _register_map().encode(),
        **({WEIGHTS: _weights(top)} if top.network.loads else {}),
        **files.files,
    }.items()))


def emit_component(component: Elaboratable, name: str) -> dict[str, bytes]:
    """The files of one component alone, top module ``name``: to measure an engine by itself."""
    files = DesignFiles()
    return {f"{name}.v": _verilog(component, name, files).encode(),
            LEAF: (Path(__file__).parent / LEAF).read_bytes(), **files.files}


def _verilog(component: Elaboratable, name: str, files: DesignFiles) -> str:
    """What ``verilog.convert`` writes, of modules that may be merged: these are its two steps, and
    Amaranth has no public name for the second."""
    return verilog._convert_rtlil_text(merged(_netlist(component, name, files)),
                                       strip_internal_attrs=True)


def _netlist(component: Elaboratable, name: str, files: DesignFiles) -> str:
    """A netlist is millions of objects that live to its end: looking among them for garbage takes
    a third of the time, and finds none."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return rtlil.convert(component, name=name, platform=files, emit_src=False)
    finally:
        if collects:
            gc.enable()


def _weights(top: Accelerator) -> bytes:
    network = top.network
    return b"".join(word.to_bytes(4, "little") for name, size in network.loads.items()
                    for word in load_words(*size, network.components[name].weight_words))


def _manifest(graph, top, foldings, memories, target):
    tensors, packing = [], Packing.of(graph.image)
    for name, layout in top.network.layouts.items():
        interval = layout.tensor.interval
        tensors.append({
            "name": name, "fire": f"probe_{name}_fire", "data": f"probe_{name}_data",
            "shape": list(layout.tensor.shape), "block": layout.block,
            "lanes": layout.lanes * layout.positions,
            "bits": interval.bits, "signed": interval.signed})
    membranes = [
        {"name": name, "stage": unit.charging, "shape": list(unit.a.tensor.shape),
         "block": unit.a.block, "lanes": unit.a.lanes, "bits": unit.state.bits,
         "signed": unit.state.signed}
        for name, unit in top.network.components.items() if isinstance(unit, NEURONS)]
    return {
        "format": 1, "top": TOP, "sources": [f"{TOP}.v", LEAF], "memories": sorted(memories),
        "graph": graph.name, "digest": digest(graph), "target": target,
        "probe_path": ["network"], "probe_module": f"{TOP}.network",
        "input": {"beats": -(-graph.image.values // packing.per_beat),
                  "pixels": graph.image.values, "pixel_bits": packing.bits,
                  "pixels_per_beat": packing.per_beat},
        "output": {"beats": graph.classes},
        "weights": [{"node": name, "memory": f"memory/{name}_weight.hex", "width": width,
                     "depth": depth} for name, (width, depth) in top.network.loads.items()],
        "foldings": to_json(foldings), "tensors": tensors, "membranes": membranes,
    }


def _register_map():
    about = ("AXI4-Lite, 32 bits each, on `s_axil_*`. Reserved addresses read 0 and ignore "
             "writes.")
    lines = ["# Registers", "", about, "", "| address | name | meaning |", "|---|---|---|"]
    lines += [f"| 0x{r.address:02x} | {r.name} | {r.meaning} |" for r in REGISTERS]
    return "\n".join(lines) + "\n"
