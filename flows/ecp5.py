"""Lattice ECP5: Yosys, nextpnr-ecp5, ecppack.

What ``synth_ecp5 -no-rw-check`` of Yosys 0.70 makes of the memory leaf (measured): a ROM or a
memory of one write and one read port becomes DP16KD with its ``$readmemh`` contents, from 2048
bits in one memory on (16 x 128 and 8 x 256 do); below that a writable memory becomes
TRELLIS_DPR16X4 with contents, up to 128 words deep, and a ROM becomes LUTs.
"""

import json
from collections.abc import Mapping

from flows.boards import pins_for
from flows.constraints import write_lpf
from flows.flow import INSIDE, NETLIST, PLACED, Flow, Implementation, flat_module
from flows.outreg import absorb_output_registers
from flows.plan import Plan, Step
from flows.reports import Kind, Usage
from flows.targets import Target

__all__ = ["Ecp5"]


class Ecp5(Flow):
    """A LUT is a TRELLIS_COMB: LUT4 takes one, CCU2C (two carry bits) two, DPR16X4 four."""

    tools = ("yosys", "nextpnr-ecp5", "ecppack")
    bitstream = "spikeloom.bit"
    bels = {"luts": "TRELLIS_COMB", "ffs": "TRELLIS_FF", "brams": "DP16KD", "dsps": "MULT18X18D"}

    def mapping(self, target: Target) -> str:
        # Reading an address while it is written is never relied on: no logic to define it.
        return "synth_ecp5 -no-rw-check"

    def count(self, cells: Mapping[str, int]) -> Usage:
        return Usage(luts=(cells.get("LUT4", 0) + 2 * cells.get("CCU2C", 0)
                           + 4 * cells.get("TRELLIS_DPR16X4", 0)),
                     ffs=cells.get("TRELLIS_FF", 0), brams=cells.get("DP16KD", 0),
                     dsps=cells.get("MULT18X18D", 0), kind=Kind.ESTIMATED)

    def placement(self, netlist: bytes, task: Implementation) -> Plan:
        target = task.target
        document, module = flat_module(netlist)
        # The harness' registers stay its own, so that what it costs can be told.
        absorb_output_registers(module, INSIDE)
        pins = pins_for(target.board)
        size = target.device.name.removeprefix("LFE5U-").removesuffix("F").lower()
        route = ("--" + size + "k", "--package", target.package, "--speed", target.speed,
                 "--json", NETLIST, "--lpf", "pins.lpf", "--freq", f"{task.clock_mhz:g}",
                 "--seed", str(task.seed), "--timing-allow-fail", "--report", PLACED,
                 "--textcfg", "placed.config", "-q", "-l", "nextpnr.log",
                 *(() if pins else ("--lpf-allow-unconstrained",)))
        return Plan({NETLIST: json.dumps(document).encode(), "pins.lpf": write_lpf(pins).encode()},
                    steps=(Step(name="place and route", tool="nextpnr-ecp5", arguments=route,
                                log="nextpnr.log"),
                           Step(name="bitstream", tool="ecppack",
                                arguments=("--compress", "placed.config", self.bitstream))),
                    outputs=(PLACED, self.bitstream))
