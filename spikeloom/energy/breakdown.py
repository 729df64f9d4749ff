"""Where the energy of an image goes, layer by layer and kind by kind, as plain values."""

from typing import Any

from spikeloom.energy.conventions import FP32, INT8, MODELLED, Counting
from spikeloom.energy.network import Energy
from spikeloom.energy.power import Power

__all__ = ["breakdown"]


def breakdown(energy: Energy, power: Power | None = None,
              counting: Counting = Counting.EXECUTED) -> dict[str, Any]:
    """For tables, plots and JSON; all energies are nanojoules for one image.

    ``layers`` has one entry for each layer with operations, a memory or, with ``power``, a place
    in the circuit; what does not apply is None:

    - ``macs``, ``acs``, ``fp32_nj``, ``int8_nj``: operations and the literature's convention;
    - ``weight_bits``, ``state_bits``, ``buffer_bits``, ``memory_nj``: bits moved, and their energy
      by the same convention;
    - ``logic_nj``, ``clock_nj``, ``ram_nj``, ``fpga_nj``: dynamic energy of the FPGA's model, by
      switching activity that was simulated, and their sum.

    ``totals`` has their sums, None of nothing, with ``static_nj`` of the device; ``counting`` is
    the rule of the first; ``activity`` says what the model of the FPGA was fed with.
    """
    layers: dict[str, dict[str, Any]] = {}

    def entry(name: str, op: str) -> dict[str, Any]:
        return layers.setdefault(name, {"name": name, "op": op} | dict.fromkeys(_FIGURES))

    counted = {layer.name for layer in energy.layers}
    for memory in energy.memories:
        if memory.bits or memory.name in counted:
            entry(memory.name, memory.op).update(
                weight_bits=memory.weights, state_bits=memory.state_read + memory.state_written,
                buffer_bits=memory.buffer_read + memory.buffer_written,
                memory_nj=memory.bits * INT8.bit / 1000)
    for layer in energy.layers:
        macs, acs = layer.operations(counting)
        entry(layer.name, layer.op).update(
            rate=layer.rate, macs=macs, acs=acs, dense=layer.dense,
            fp32_nj=layer.picojoules(FP32, counting) / 1000,
            int8_nj=layer.picojoules(INT8, counting) / 1000)
    for part in power.parts if power else ():
        entry(part.name, part.op).update(
            logic_nj=part.logic_nj, clock_nj=part.clock_nj, ram_nj=part.ram_nj,
            fpga_nj=part.total_nj)
    found = {name: [layer[name] for layer in layers.values() if layer[name] is not None]
             for name in _FIGURES if name != "rate"}
    totals = {name: sum(values) if values else None for name, values in found.items()}
    return {
        "kind": MODELLED, "images": energy.images, "counting": counting.value,
        "layers": list(layers.values()),
        "totals": totals | {"static_nj": power.static_nj if power else None},
        "activity": power.as_dict() if power else None,
    }


_FIGURES = ("rate", "macs", "acs", "dense", "fp32_nj", "int8_nj", "weight_bits", "state_bits",
            "buffer_bits", "memory_nj", "logic_nj", "clock_nj", "ram_nj", "fpga_nj")
