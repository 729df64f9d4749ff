"""Lattice ECP5: Yosys, nextpnr-ecp5, ecppack.

What ``synth_ecp5 -no-rw-check`` of Yosys 0.70 makes of the memory leaf (flows/leaves/ecp5.v): a
writable memory of 2048 bits or of more than 128 words and a ROM of more than 64 words are told to
be DP16KD; other writable memories become TRELLIS_DPR16X4 with contents, other ROMs LUTs.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from flows.boards import pins_for
from flows.carry_ends import trim_carry_ends
from flows.circuit import Circuit
from flows.columns import with_columns
from flows.constraints import write_lpf
from flows.flow import NETLIST, PACKED, PLACED, Cell, Flow, Implementation, flat_module
from flows.harness import HARNESS
from flows.netlist import INSIDE, OPEN
from flows.outreg import absorb_output_registers
from flows.plan import Plan, Step
from flows.reports import Kind, Usage
from flows.targets import Target

__all__ = ["Ecp5"]

MEMORY = "spikeloom_memory.v"
"""The memory leaf of a generated design; here another one takes its place."""

LEAF = Path(__file__).with_name("leaves") / "ecp5.v"


class Ecp5(Flow):
    """A LUT is a TRELLIS_COMB.

    A LUT4 takes one, a CCU2C (two carry bits) two, two more at a carry in or out that is not of
    the chain, a TRELLIS_DPR16X4 (16 words of 4 bits) four and two for its write port. With one or
    two for constants this is what nextpnr 0.11.1 packs, exactly.
    """

    tools = ("yosys", "nextpnr-ecp5", "ecppack")
    bitstream = "spikeloom.bit"
    bels = {"luts": "TRELLIS_COMB", "ffs": "TRELLIS_FF", "brams": "DP16KD", "dsps": "MULT18X18D"}
    library = "+/lattice/cells_sim_ecp5.v"
    models = ("dp16kd.v",)

    def mapping(self, target: Target) -> tuple[str, ...]:
        # Reading an address while it is written is never relied on: no logic to define it. What
        # is multiplied is multiplied by constants, in adders faster than in a multiplier (3.9 ns).
        synth = f"synth_ecp5 -no-rw-check -nodsp -top {HARNESS}"
        # synth_ecp5 counts 300 ps for a wire, and has many in a row; placed ones take 800. On the
        # digits that is two LUTs fewer on the longest paths, for 5 % more of them in all.
        return (f"{synth} -run begin:map_luts", "techmap -map +/lattice/latches_map.v",
                "abc9 -W 800", "clean", f"{synth} -run map_cells:")

    def sources(self, circuit: Circuit) -> dict[str, bytes]:
        files = super().sources(circuit)
        if MEMORY in files:
            files |= {MEMORY: LEAF.read_bytes(), **with_columns(circuit.memories)}
        return files

    def count(self, cells: Sequence[Cell]) -> Usage:
        types = Counter(cell["type"] for cell in cells)
        carries = [cell["connections"] for cell in cells if cell["type"] == "CCU2C"]
        passed_on = {carry["CIN"][0] for carry in carries}
        made = {carry["COUT"][0] for carry in carries} | {OPEN}
        ends = sum((carry["CIN"][0] not in made) + (carry["COUT"][0] not in passed_on | {OPEN})
                   for carry in carries)
        return Usage(luts=(types["LUT4"] + 2 * types["CCU2C"] + 2 * ends
                           + 6 * types["TRELLIS_DPR16X4"]),
                     ffs=types["TRELLIS_FF"], brams=types["DP16KD"], dsps=types["MULT18X18D"],
                     kind=Kind.ESTIMATED)

    def as_placed(self, netlist: bytes) -> bytes:
        document, module = flat_module(netlist)
        trim_carry_ends(module)
        # The harness' registers stay its own, so that what it costs can be told.
        absorb_output_registers(module, INSIDE)
        return json.dumps(document).encode()

    def placement(self, netlist: bytes, task: Implementation) -> Plan:
        target = task.target
        pins = pins_for(target.board)
        size = target.device.name.removeprefix("LFE5U-").removesuffix("F").lower()
        route = ("--" + size + "k", "--package", target.package, "--speed", target.speed,
                 "--json", NETLIST, "--lpf", "pins.lpf", "--freq", f"{task.clock_mhz:g}",
                 "--seed", str(task.seed), "--timing-allow-fail", "--report", PLACED,
                 "--textcfg", "placed.config", "-q", "-l", PACKED,
                 # 4 % more Fmax than nextpnr's own choice on a convolution, two seeds.
                 "--placer-heap-timingweight", "30", *task.router.options,
                 *(() if pins else ("--lpf-allow-unconstrained",)))
        return Plan({NETLIST: self.as_placed(netlist), "pins.lpf": write_lpf(pins).encode()},
                    steps=(Step(name="place and route", tool="nextpnr-ecp5", arguments=route,
                                log=PACKED),
                           Step(name="bitstream", tool="ecppack",
                                arguments=("--compress", "placed.config", self.bitstream))),
                    outputs=(PLACED, self.bitstream))
