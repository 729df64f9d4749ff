"""Registers move into block RAMs only where the circuit stays the same, cycle for cycle."""

import json
import shutil
from copy import deepcopy
from pathlib import Path

import pytest

from flows.flow import MODELS
from flows.outreg import absorb_output_registers
from flows.plan import Plan, Step
from flows.run import execute
from tests.flows.bench import simulated

DATA = Path(__file__).parent / "data"
CLOCK, ENABLE, OTHER = 2, 3, 4


def register(data, out, *, enable=None, **changes):
    """A flip-flop as Yosys writes it."""
    parameters = {"CEMUX": "1 " if enable is None else "CE", "CLKMUX": "CLK", "LSRMUX": "LSR",
                  "REGSET": "RESET", **changes.get("parameters", {})}
    connections = {"CLK": [CLOCK], "DI": [data], "LSR": ["0"], "Q": [out],
                   **({} if enable is None else {"CE": [enable]}),
                   **changes.get("connections", {})}
    return {"type": "TRELLIS_FF", "parameters": parameters, "connections": connections,
            "port_directions": {port: "output" if port == "Q" else "input"
                                for port in connections}}


def module(**cells):
    """A RAM that drives nets 10 and 11 from side B, and the registers given, which drive ports."""
    ram = {"type": "DP16KD",
           "parameters": {"DATA_WIDTH_A": f"{18:032b}", "REGMODE_A": "NOREG",
                          "REGMODE_B": "NOREG", "CLKBMUX": "CLKB"},
           "connections": {"CLKB": [CLOCK], "OCEB": ["1"], "DOB0": [10], "DOB1": [11],
                           "DOB2": [12], "DOA0": [13]},
           "port_directions": {"CLKB": "input", "OCEB": "input", "DOB0": "output",
                               "DOB1": "output", "DOB2": "output", "DOA0": "output"}}
    return {"ports": {"q": {"bits": [20, 21]}}, "cells": {"a.ram": ram, **cells}}


def test_registers_move_in():
    flat = module(**{"a.q0": register(10, 20), "a.q1": register(11, 21)})
    assert absorb_output_registers(flat) == 1
    ram = flat["cells"].pop("a.ram")
    assert not flat["cells"]
    assert (ram["parameters"]["REGMODE_A"], ram["parameters"]["REGMODE_B"]) == ("NOREG", "OUTREG")
    assert (ram["connections"]["DOB0"], ram["connections"]["DOB1"]) == ([20], [21])
    assert ram["connections"]["OCEB"] == ["1"]


def test_a_shared_enable_becomes_the_rams():
    flat = module(**{"a.q0": register(10, 20, enable=ENABLE),
                     "a.q1": register(11, 21, enable=ENABLE)})
    assert absorb_output_registers(flat) == 1
    assert flat["cells"]["a.ram"]["connections"]["OCEB"] == [ENABLE]


@pytest.mark.parametrize("second", [
    register(11, 21, enable=ENABLE),
    register(11, 21, connections={"CLK": [OTHER]}),
    register(11, 21, connections={"LSR": [OTHER]}),
    register(11, 21, parameters={"REGSET": "SET"}),
    register(11, 21, parameters={"CLKMUX": "INV"}),
    register(11, 21, parameters={"LSRMUX": "INV"}),
    register(11, 21, parameters={"CEMUX": "INV"}),
    {**register(11, 21), "type": "LUT4"},
])
def test_one_register_of_another_kind_keeps_all_outside(second):
    flat = module(**{"a.q0": register(10, 20), "a.q1": second})
    before = deepcopy(flat)
    assert absorb_output_registers(flat) == 0
    assert flat == before


def test_registers_of_another_clock_stay_outside():
    clock = {"connections": {"CLK": [OTHER]}}
    flat = module(**{"a.q0": register(10, 20, **clock), "a.q1": register(11, 21, **clock)})
    assert absorb_output_registers(flat) == 0


def test_data_that_more_than_a_register_reads_stay_outside():
    registers = {"a.q0": register(10, 20), "a.q1": register(11, 21)}
    assert absorb_output_registers(module(**registers, **{"a.q2": register(11, 22)})) == 0
    flat = module(**registers)
    flat["ports"]["direct"] = {"bits": [11]}
    assert absorb_output_registers(flat) == 0


def test_only_the_part_asked_for():
    flat = module(**{"a.q0": register(10, 20), "q1": register(11, 21)})
    assert absorb_output_registers(flat, "a.") == 0
    assert absorb_output_registers(flat, "b.") == 0
    assert absorb_output_registers(flat, "") == 1


def yosys(files, script, output):
    """Run a script of Yosys on files and return what it wrote."""
    step = Step(name="yosys", tool="yosys", arguments=("-q", "-l", "log", "-s", "script"),
                log="log")
    plan = Plan({**files, "script": script.encode()}, steps=(step,), outputs=(output,))
    return (execute(plan).folder / output).read_bytes()


def test_the_netlist_does_what_the_verilog_does(cache, tmp_path):
    """Random reads and writes of six kinds of memory, before and after, every cycle."""
    sources = {name: (DATA / name).read_bytes() for name in ("memories.v", "memories.hex")}
    netlist = json.loads(yosys(sources, "read_verilog memories.v\n"
                               "synth_ecp5 -no-rw-check -top memories\nwrite_json out.json\n",
                               "out.json"))
    assert absorb_output_registers(netlist["modules"]["memories"]) == 6
    gates = yosys({"in.json": json.dumps(netlist).encode()},
                  "read_json in.json\nread_verilog -overwrite +/lattice/cells_sim_ecp5.v\n"
                  "hierarchy -top memories\nproc\nflatten\nrename memories gates\nopt_clean\n"
                  "select gates\nwrite_verilog -noattr -selected gates.v\n", "gates.v")
    (tmp_path / "gates.v").write_bytes(gates)
    for path in (DATA / "memories.v", DATA / "memories.hex", DATA / "memories_tb.v",
                 MODELS / "dp16kd.v"):
        shutil.copy(path, tmp_path)
    cycles, different, telling = simulated("memories_tb", tmp_path)
    assert (cycles, different) == (20000, 0)
    assert telling > 15000, "most of the time all memories gave something else than zero"
