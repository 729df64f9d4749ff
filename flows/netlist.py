"""Taking the circuit out of its harness again: a mapped netlist to be simulated."""

from typing import Any

from flows.circuit import Circuit
from flows.harness import INSTANCE

__all__ = ["INSIDE", "OPEN", "circuit_alone"]

INSIDE = f"{INSTANCE}."
"""How the names of the circuit's cells and nets begin in a flat netlist."""

OPEN = "x"
"""What Yosys' JSON form says of a pin without a net."""


def circuit_alone(flat: dict[str, Any], circuit: Circuit) -> dict[str, Any]:
    """A flat netlist's circuit as a module, in Yosys' JSON form, with the circuit's own ports.

    Its cells are those of the harness' instance: the circuit stays a module of its own while it is
    mapped, so that no cell belongs to both. An output that goes nowhere has no net, where a flow
    has written an undefined one: Yosys drives no constant.

    Raises ValueError when the netlist has no net for a port, as that of another circuit would.
    """
    nets, ports = flat["netnames"], {}
    for port in circuit.ports:
        net = nets.get(INSIDE + port.name)
        if net is None or len(net["bits"]) != port.width:
            raise ValueError(f"The netlist has no net of {port.width} bits for port {port.name!r} "
                             f"of {circuit.top!r}: it is that of another circuit")
        ports[port.name] = {"direction": "input" if port.is_input else "output",
                            "bits": net["bits"]}
    cells = {name.removeprefix(INSIDE): {**cell, "connections": _driven(cell)}
             for name, cell in flat["cells"].items() if name.startswith(INSIDE)}
    return {"attributes": {}, "ports": ports, "cells": cells, "netnames": {}}


def _driven(cell: dict[str, Any]) -> dict[str, list]:
    return {port: [] if bits == [OPEN] and cell["port_directions"][port] == "output" else bits
            for port, bits in cell["connections"].items()}
