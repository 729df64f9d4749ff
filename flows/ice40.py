"""Lattice iCE40: Yosys, nextpnr-ice40, icepack."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from flows.boards import pins_for
from flows.constraints import write_pcf
from flows.flow import NETLIST, PACKED, PLACED, Cell, Flow, Implementation
from flows.harness import HARNESS
from flows.plan import Plan, Step
from flows.reports import Kind, Usage
from flows.run import Finished
from flows.targets import Target

__all__ = ["Ice40"]

_FLIP_FLOPS = re.compile(r"(\d+) LCs used as (?:LUT4 and DFF|DFF only)")


class Ice40(Flow):
    """A LUT is a logic cell (ICESTORM_LC): a LUT4, a flip-flop, or both; a carry bit takes one."""

    tools = ("yosys", "nextpnr-ice40", "icepack")
    bitstream = "spikeloom.bin"
    bels = {"luts": "ICESTORM_LC", "brams": "ICESTORM_RAM", "dsps": "ICESTORM_DSP"}
    library = "+/ice40/cells_sim.v"
    models = ("sb_ram40_4k.v",)

    def mapping(self, target: Target) -> tuple[str, ...]:
        # Multiplications are by constants, as on ECP5: adders, no SB_MAC16.
        device = "u" if target.device.name == "iCE40UP5K" else "hx"
        return (f"synth_ice40 -device {device} -top {HARNESS}",)

    def count(self, cells: Sequence[Cell]) -> Usage:
        """A lower bound in cells: nextpnr puts a flip-flop with the LUT before it, if it can."""
        types = Counter(cell["type"] for cell in cells)
        ffs = sum(count for name, count in types.items() if name.startswith("SB_DFF"))
        return Usage(luts=max(types["SB_LUT4"], ffs), ffs=ffs, brams=types["SB_RAM40_4K"],
                     dsps=types["SB_MAC16"], kind=Kind.ESTIMATED)

    def placement(self, netlist: bytes, task: Implementation) -> Plan:
        target = task.target
        size = target.device.name.removeprefix("iCE40").lower()
        pins = pins_for(target.board)
        route = ("--" + size, "--package", target.package, "--json", NETLIST,
                 "--pcf", "pins.pcf", "--freq", f"{task.clock_mhz:g}", "--seed", str(task.seed),
                 "--timing-allow-fail", "--report", PLACED, "--asc", "placed.asc",
                 "-q", "-l", PACKED, *task.router.options,
                 *(() if pins else ("--pcf-allow-unconstrained",)))
        return Plan({NETLIST: netlist, "pins.pcf": write_pcf(pins).encode()},
                    steps=(Step(name="place and route", tool="nextpnr-ice40", arguments=route,
                                log=PACKED),
                           Step(name="bitstream", tool="icepack",
                                arguments=("placed.asc", self.bitstream))),
                    outputs=(PLACED, self.bitstream))

    def placed(self, finished: Finished) -> tuple[Usage, str]:
        usage, critical_path = super().placed(finished)
        return _with_flip_flops(usage, finished), critical_path

    def packed(self, finished: Finished) -> Usage:
        return _with_flip_flops(super().packed(finished), finished)


def _with_flip_flops(usage: Usage, finished: Finished) -> Usage:
    """Reports count logic cells only; the log says what they hold."""
    held = [int(count) for count in _FLIP_FLOPS.findall(finished.text(PACKED))]
    return replace(usage, ffs=sum(held) if held else None)
