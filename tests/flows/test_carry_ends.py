"""Carry chains without ends compute what they computed, in fewer LUTs."""

from itertools import product
from typing import Any

from flows.carry_ends import trim_carry_ends
from flows.ecp5 import Ecp5
from flows.netlist import OPEN

ADDER = f"{0x96aa:016b}"
"""What Yosys' adders are: A, and B or its inverse as C says, behind D = 1."""


def chain(carry: str, bits: int = 4):
    """An adder (or, with a carry in, a subtractor) of nets 10.. and 20.., to 30.. ."""
    cells, link = {}, carry
    for at in range(0, bits, 2):
        pins = {"CIN": [link], "COUT": [50 + at], "S0": [30 + at], "S1": [31 + at]}
        for half in (0, 1):
            pins |= {f"A{half}": [10 + at + half], f"B{half}": [20 + at + half],
                     f"C{half}": [carry], f"D{half}": ["1"]}
        cells[f"c{at}"] = {
            "type": "CCU2C", "connections": pins,
            "parameters": {"INIT0": ADDER, "INIT1": ADDER, "INJECT1_0": "NO ",
                           "INJECT1_1": "NO "},
            "port_directions": {port: "output" if port in ("S0", "S1", "COUT") else "input"
                                for port in pins}}
        link = 50 + at
    return {"ports": {"q": {"bits": list(range(30, 30 + bits))}}, "cells": cells}


def computed(module, a: int, b: int, bits: int = 4) -> int:
    """The sum, by what Lattice's models say of CCU2C and LUT4; an open carry in is unknown."""
    nets: dict[object, Any] = {"0": 0, "1": 1, OPEN: None}
    nets |= {10 + n: a >> n & 1 for n in range(bits)} | {20 + n: b >> n & 1 for n in range(bits)}
    for _, cell in sorted(module["cells"].items()):
        pins, table = cell["connections"], cell["parameters"]
        if cell["type"] == "LUT4":
            index = sum(nets[pins[port][0]] << n for n, port in enumerate("ABCD"))
            nets[pins["Z"][0]] = int(table["INIT"], 2) >> index & 1
            continue
        carry = nets[pins["CIN"][0]]
        for half in (0, 1):
            operands = [nets[pins[f"{port}{half}"][0]] for port in "ABCD"]
            init = int(table[f"INIT{half}"], 2)
            passes = init >> sum(bit << n for n, bit in enumerate(operands)) & 1
            makes = init >> (operands[0] | operands[1] << 1) & 1
            if pins[f"S{half}"]:
                nets[pins[f"S{half}"][0]] = passes ^ carry
            carry = carry if passes else makes
        if pins["COUT"][0] != OPEN:
            nets[pins["COUT"][0]] = carry
    return sum(nets[30 + n] << n for n in range(bits))


def test_sums_and_differences_stay():
    compared = 0
    for carry, sign in (("0", 1), ("1", -1)):
        trimmed = chain(carry)
        assert trim_carry_ends(trimmed) == 2
        for a, b in product(range(16), repeat=2):
            assert computed(chain(carry), a, b) == computed(trimmed, a, b) == a + sign * b & 15
            compared += 1
    assert compared == 512


def test_each_end_takes_two_luts():
    module = chain("0")
    count = Ecp5().count
    before = count(list(module["cells"].values())).luts
    trim_carry_ends(module)
    assert (before, count(list(module["cells"].values())).luts) == (8, 5)


def test_a_carry_that_is_read_or_given_stays():
    module = chain("0")
    module["ports"]["q"]["bits"].append(52)
    for port in ("CIN", "C0"):
        module["cells"]["c0"]["connections"][port] = [99]
    assert trim_carry_ends(module) == 0
