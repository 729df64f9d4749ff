"""Frees the ends of ECP5 carry chains from what nextpnr would put there.

Yosys gives every chain of CCU2C a constant carry in and a carry out, used or not; nextpnr adds a
CCU2C, two LUTs, for either. A carry out that nothing reads needs none. For the carry in, the first
bit of a chain makes its carry of its own operands alone, and a LUT beside it makes its sum. An
adder of 8 bits takes 11 LUTs so, instead of 14.
"""

from collections import Counter
from typing import Any

from flows.netlist import OPEN

__all__ = ["trim_carry_ends"]


def trim_carry_ends(module: dict[str, Any]) -> int:
    """Change a flat mapped module, in Yosys' JSON form, in place; return how many ends it freed.

    Nothing but the cells changes: whatever operands a chain is given, its sums are the same.
    """
    cells = module["cells"]
    reads = Counter(bit for port in module["ports"].values() for bit in port["bits"])
    for cell in cells.values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                reads.update(bits)
    freed = 0
    for name in [name for name, cell in cells.items() if cell["type"] == "CCU2C"]:
        pins = cells[name]["connections"]
        if pins["COUT"] and pins["COUT"][0] != OPEN and not reads[pins["COUT"][0]]:
            pins["COUT"] = [OPEN]
            freed += 1
        if _begins_by_itself(cells[name]):
            _begin(cells, name, bool(pins["S0"]) and reads[pins["S0"][0]] > 0)
            freed += 1
    return freed


def _begins_by_itself(cell: dict[str, Any]) -> bool:
    """Whether a chain's first carry depends on two operands alone."""
    pins = cell["connections"]
    return (pins["CIN"][0] in ("0", "1") and cell["parameters"]["INJECT1_0"].strip() == "NO"
            and all(pins[port][0] in ("0", "1") for port in ("C0", "D0")))


def _begin(cells: dict[str, Any], name: str, summed: bool) -> None:
    """Make the first carry of a chain without a carry in, and the first sum beside it if used."""
    pins, parameters = cells[name]["connections"], cells[name]["parameters"]
    table, carry = int(parameters["INIT0"], 2), int(pins["CIN"][0])
    upper = int(pins["C0"][0]) << 2 | int(pins["D0"][0]) << 3
    propagates = [table >> (upper | n) & 1 for n in range(4)]
    if summed:
        values = sum((bit ^ carry) << n for n, bit in enumerate(propagates))
        cells[f"{name}_sum"] = {
            "hide_name": 0, "type": "LUT4", "attributes": {},
            "parameters": {"INIT": f"{values * 0x1111:016b}"},
            "port_directions": {port: "output" if port == "Z" else "input" for port in "ABCDZ"},
            "connections": {"A": pins["A0"], "B": pins["B0"], "C": ["0"], "D": ["0"],
                            "Z": pins["S0"]}}
    made = sum((carry if bit else table >> n & 1) << n for n, bit in enumerate(propagates))
    parameters["INIT0"] = f"{made:016b}"
    # Behind D = 1 the table is 0: nothing propagates, and what is left makes the carry.
    pins.update({"C0": ["0"], "D0": ["1"], "CIN": [OPEN], "S0": []})
