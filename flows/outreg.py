"""Moves registers that follow an ECP5 block RAM into the block RAM.

A DP16KD has a register of its own on each output, behind which data appear 1.0 ns after the clock
edge instead of 5.8 ns; Yosys does not use it. Measured at speed grade 6 with a 512x36 ROM followed
by a register: 145 MHz as mapped, 433 to 470 MHz (three seeds) with the register inside.

A memory's user gets it by one more register behind the read data, without a reset, and with the
memory's words used nowhere else: two cycles from address to data.
"""

from collections import defaultdict
from typing import Any

__all__ = ["absorb_output_registers"]

_SIDES = ("A", "B")


def absorb_output_registers(module: dict[str, Any], inside: str = "") -> int:
    """Change a flat mapped module, in Yosys' JSON form, in place; return how many RAMs it changed.

    Only cells whose names start with ``inside`` are looked at.

    The output register of a DP16KD port is used where each connected output of the port drives one
    thing, the data input of a flip-flop, and these flip-flops share the port's clock edge and one
    clock enable, and have neither reset nor a set initial state. They are removed, and the RAM
    drives what they drove: cycle for cycle the circuit is the same.
    """
    cells = module["cells"]
    loads = _loads(module)
    changed = 0
    rams = [name for name, cell in cells.items()
            if cell["type"] == "DP16KD" and name.startswith(inside)]
    for name in sorted(rams):
        # 36 bits wide, both sides' outputs are one read port, clocked as side B.
        wide = int(cells[name]["parameters"]["DATA_WIDTH_A"], 2) == 36
        ports = [("B", _SIDES)] if wide else [(side, (side,)) for side in _SIDES]
        changed += any([_absorb(cells, loads, name, clock, sides, inside)
                        for clock, sides in ports])
    return changed


def _loads(module: dict[str, Any]) -> dict[int, list[tuple[str, str] | None]]:
    """What each net drives: cell and port, None for a port of the module."""
    loads = defaultdict(list)
    for port in module["ports"].values():
        for bit in port["bits"]:
            loads[bit].append(None)
    for name, cell in module["cells"].items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                for bit in bits:
                    loads[bit].append((name, port))
    return loads


def _absorb(cells: dict[str, Any], loads: dict[int, list[tuple[str, str] | None]], name: str,
            clock: str, sides: tuple[str, ...], inside: str) -> bool:
    """Absorb the registers behind one read port; False when they are not all of the right kind."""
    ram = cells[name]
    if any(ram["parameters"][f"REGMODE_{side}"] != "NOREG" for side in sides):
        return False
    registers = {}
    for port, bits in ram["connections"].items():
        if not port.startswith(tuple(f"DO{side}" for side in sides)) or not bits:
            continue
        driven = loads.get(bits[0], [])
        if not driven:
            continue
        if len(driven) != 1 or driven[0] is None:
            return False
        register, pin = driven[0]
        if pin != "DI" or not register.startswith(inside):
            return False
        registers[port] = register
    kinds = {_kind(cells[register]) for register in registers.values()}
    if len(kinds) != 1 or (kind := kinds.pop()) is None:
        return False
    edge = (ram["parameters"].get(f"CLK{clock}MUX", f"CLK{clock}") == "INV",
            ram["connections"][f"CLK{clock}"][0])
    if kind[:2] != edge:
        return False
    for port, register in registers.items():
        ram["connections"][port] = cells.pop(register)["connections"]["Q"]
    for side in sides:
        ram["parameters"][f"REGMODE_{side}"] = "OUTREG"
        ram["connections"][f"OCE{side}"] = [kind[2]]
    return True


def _kind(cell: dict[str, Any]) -> tuple[bool, int, int | str] | None:
    """Clock inversion, clock and enable of a flip-flop that a RAM can hold; None for others."""
    if cell["type"] != "TRELLIS_FF":
        return None
    parameters, connections = cell["parameters"], cell["connections"]
    # Yosys writes a space behind a string that would read as a number.
    parameters = {name: value.strip() for name, value in parameters.items()}
    plain = {"LSRMUX": "LSR", "LSRMODE": "LSR", "REGSET": "RESET"}
    if any(parameters.get(name, value) != value for name, value in plain.items()):
        return None
    if (connections.get("LSR") or ["0"])[0] != "0":
        return None
    enables = {"1": "1", "CE": (connections.get("CE") or ["1"])[0]}
    if (enabled := parameters.get("CEMUX", "1")) not in enables:
        return None
    inverted = parameters.get("CLKMUX", "CLK") == "INV"
    return inverted, connections["CLK"][0], enables[enabled]
