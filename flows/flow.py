"""What every open flow is: two plans, and the reading of what they leave."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

from flows.boards import pins_for
from flows.circuit import Circuit
from flows.harness import HARNESS, harness
from flows.netlist import INSIDE, circuit_alone
from flows.plan import Plan, Step
from flows.reports import Usage, parse_placement, utilisation
from flows.run import Finished
from flows.targets import Target

__all__ = ["GATES", "MODELS", "NETLIST", "PACKED", "PLACED", "Cell", "Flow", "Implementation",
           "Router", "flat_module"]

NETLIST = "netlist.json"
PLACED = "placed.json"
PACKED = "nextpnr.log"
GATES = "gates.v"
"""The mapped circuit as Verilog."""

_OF_WHAT_IS_PLACED = {"--report", "--textcfg", "--asc"}
"""Options, each with a file, that nextpnr stumbles over where nothing is placed."""

MODELS = Path(__file__).with_name("models")
"""Our models of cells that Yosys leaves empty."""


Cell = Mapping[str, Any]
"""A cell of a netlist in Yosys' JSON form."""


class Router(StrEnum):
    """Nextpnr's routers: the second ends where the first goes round in circles, unless the clock is
    out of reach. Where the first does end, its clock is the higher one (162 and 150 MHz on the
    digits)."""

    FIRST, SECOND = "router1", "router2"

    @property
    def options(self) -> tuple[str, ...]:
        """Nextpnr's; the first router is its default. Late nets are routed again by the second,
        or its clock would be 20 % below."""
        return () if self is Router.FIRST else ("--router", str(self), "--tmg-ripup")


@dataclass(frozen=True)
class Implementation:
    """What to place and how."""

    target: Target
    clock_mhz: float
    seed: int
    router: Router = Router.FIRST


class Flow(ABC):
    """One toolchain. Planning is pure; only :mod:`flows.run` touches the machine.

    A build has two plans, so that another seed, clock or board of the family does not repeat the
    synthesis: first :meth:`synthesis`, then :meth:`placement` of its netlist.
    """

    tools: ClassVar[tuple[str, ...]]
    bitstream: ClassVar[str]
    """File of the placement's folder that programs the device."""
    bels: ClassVar[dict[str, str]]
    """Resource of a :class:`flows.reports.Usage` to what nextpnr calls it."""
    library: ClassVar[str]
    """Yosys' simulation models of the family's cells."""
    models: ClassVar[tuple[str, ...]]
    """Files of :data:`MODELS` for the cells that are empty or slow there."""

    @abstractmethod
    def mapping(self, target: Target) -> tuple[str, ...]:
        """The Yosys commands that map the harness to cells of the target's family."""

    @abstractmethod
    def placement(self, netlist: bytes, task: Implementation) -> Plan:
        """Place and route a netlist that :meth:`synthesis` made, and pack the bitstream."""

    def packing(self, netlist: bytes, task: Implementation) -> Plan:
        """Only pack what :meth:`placement` places: the log says how many cells these are."""
        whole = self.placement(netlist, task)
        step = whole.steps[0]
        kept = (each for before, each in pairwise(("", *step.arguments))
                if not {before, each} & _OF_WHAT_IS_PLACED)
        pack = replace(step, name="pack", arguments=(*kept, "--pack-only"))
        return Plan(whole.files, steps=(pack,), outputs=(PACKED,))

    @abstractmethod
    def count(self, cells: Sequence[Cell]) -> Usage:
        """What mapped cells will take when packed; kind ``estimated``."""

    def placed(self, finished: Finished) -> tuple[Usage, str]:
        """Measured usage, and the critical path in words."""
        report = parse_placement(finished.text(PLACED))
        counts = {name: report.used.get(bel) for name, bel in self.bels.items()}
        return Usage.of(counts, fmax_mhz=report.fmax_mhz), report.critical_path

    def packed(self, finished: Finished) -> Usage:
        """Measured usage of what was packed only."""
        counts = utilisation(finished.text(PACKED))
        return Usage.of({name: counts[bel][0] if bel in counts else None
                         for name, bel in self.bels.items()})

    def shortage(self, log: str) -> dict[str, int]:
        """What a placement would have needed, from the log of one that failed for want of room.

        By resource; empty when room was not what it lacked.
        """
        counts = utilisation(log)
        if all(used <= available for used, available in counts.values()):
            return {}
        return {name: counts[bel][0] for name, bel in self.bels.items() if bel in counts}

    def synthesis(self, circuit: Circuit, target: Target) -> Plan:
        """Map the circuit inside its harness.

        The circuit stays a module of its own while it is mapped, so that no cell belongs to both
        and what the harness costs can be counted; then all becomes flat, the circuit's cells
        being those with its instance's name before their own.
        """
        step = Step(name="synthesis", tool="yosys", log="yosys.log",
                    arguments=("-q", "-l", "yosys.log", "-s", "synth.ys"))
        reset_low = any(pin.inverted for pin in pins_for(target.board) if pin.port == "reset")
        files = {**self.sources(circuit),
                 "harness.il": harness(circuit, reset_low=reset_low),
                 "synth.ys": self._script(circuit, target).encode()}
        return Plan(files, steps=(step,), outputs=(NETLIST,))

    def as_placed(self, netlist: bytes) -> bytes:
        """A netlist that :meth:`synthesis` made, as it is placed."""
        return netlist

    def simulation(self, netlist: bytes, circuit: Circuit) -> Plan:
        """Write the circuit of a netlist that :meth:`synthesis` made as Verilog to simulate.

        It is the circuit as it is placed, without its harness, each cell replaced by what Yosys
        says that it does; those of :attr:`models` stay, and the files lie beside.
        """
        document, flat = flat_module(self.as_placed(netlist))
        document["modules"] = {circuit.top: circuit_alone(flat, circuit)}
        # The models ask for each cell's parameters: opt_expr leaves what they answer.
        script = (f"read_json {NETLIST}\nread_verilog -defer -overwrite {self.library}\n"
                  f"read_verilog -lib -overwrite {' '.join(self.models)}\n"
                  f"hierarchy -check -top {circuit.top}\nproc\nflatten\n"
                  "opt_expr\nopt_clean -purge\n"
                  f"select {circuit.top}\nwrite_verilog -noattr -selected {GATES}\n")
        step = Step(name="netlist as Verilog", tool="yosys", log="yosys.log",
                    arguments=("-q", "-l", "yosys.log", "-s", "gates.ys"))
        files = {NETLIST: json.dumps(document).encode(), "gates.ys": script.encode(),
                 **{name: (MODELS / name).read_bytes() for name in self.models}}
        return Plan(files, steps=(step,), outputs=(GATES,))

    def sources(self, circuit: Circuit) -> dict[str, bytes]:
        """The circuit's files for the family: its Verilog, and what that reads."""
        return {**circuit.sources, **circuit.memories}

    def _script(self, circuit: Circuit, target: Target) -> str:
        return (f"read_verilog {' '.join(circuit.sources)}\n"
                "read_rtlil harness.il\n"
                f"hierarchy -check -top {HARNESS}\n"
                f"setattr -mod -set keep_hierarchy 1 {circuit.top}\n"
                # ABC9 of Yosys 0.70 stumbles over some of Yosys' own wire names ("Assert
                # `count_id(wire->name) == 0'"), not over short ones; names of the design stay.
                "proc\nflatten\nopt_clean -purge\nrename -enumerate -pattern n_%_ w:*\n"
                + "".join(f"{command}\n" for command in self.mapping(target)) +
                f"setattr -mod -unset keep_hierarchy {circuit.top}\n"
                "flatten\n"
                "opt_clean\n"
                f"select {HARNESS}\n"
                f"write_json -selected {NETLIST}\n")

    def parts(self, netlist: bytes) -> tuple[Usage, Usage]:
        """Estimated usage of the circuit and of its harness, of a mapped netlist as placed."""
        parts: dict[bool, list[Cell]] = {True: [], False: []}
        for name, cell in flat_module(self.as_placed(netlist))[1]["cells"].items():
            parts[name.startswith(INSIDE)].append(cell)
        return self.count(parts[True]), self.count(parts[False])


def flat_module(netlist: bytes) -> tuple[dict, dict]:
    """A netlist in Yosys' JSON form and, of it, the harness' module."""
    document = json.loads(netlist)
    return document, document["modules"][HARNESS]
