# amaranth: UnusedElaboratable=no
# The network is made to be asked for its area, not to be built.
"""A model of an FPGA's power: simulated switching activity times energies of a table.

A layer's LUTs and flip-flops toggle as often as the wires of its Verilog do on average, which is
simulated; how many there are is what the cost model of area estimates. Every flip-flop takes the
clock's energy in every cycle, every block RAM that of each cycle in which it is read or written.
What is not in the model: glitches between two cycles, inputs and outputs, clock generators.
"""

import re
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from flows import get_target
from hdl.area import ROM_DEPTH, Area
from hdl.cost import FRONT, stage_areas
from hdl.lowering import Lowering
from hdl.memory import late
from ir import Graph
from ir.block_ram import BlockRam
from sim.activity import Activity, MemoryActivity, Part
from spikeloom.design import DEFAULT_TARGET, Design
from spikeloom.energy.conventions import MODELLED
from spikeloom.energy.tables import Table, table_of

__all__ = ["PartPower", "Power", "calibrated", "model_power"]

FRONT_NAME = "front"
"""What lies outside of the layers: ports, registers, and the wires between layers."""

BESIDE = re.compile(r"_(fork|relay|shortcut)\d*$")
"""How the names of instances end that stand beside a layer and belong to it."""


@dataclass(frozen=True, kw_only=True)
class PartPower:
    """Dynamic energy of one layer for one image, in nanojoules, by kind of resource.

    ``toggle_rate`` is simulated: toggles in a cycle for each bit of its wires.
    """

    name: str
    op: str
    luts: int
    ffs: int
    toggle_rate: float
    logic_nj: float
    clock_nj: float
    ram_nj: float

    @property
    def total_nj(self) -> float:
        return self.logic_nj + self.clock_nj + self.ram_nj


@dataclass(frozen=True, kw_only=True)
class Power:
    """Modelled energy of an FPGA for one image.

    Parameters
    ----------
    parts : tuple of PartPower
        The layers, and :data:`FRONT_NAME`.
    static_nj : float
        Of the device, for as long as an image takes.
    cycles_per_image : float
        Simulated.
    clock_mhz : float
    images, toggles : int
        What was simulated, and what toggled.
    target : str
    table : Table
    measured_watts : float or None
        What the table was scaled to in this run.
    """

    parts: tuple[PartPower, ...]
    static_nj: float
    cycles_per_image: float
    clock_mhz: float
    images: int
    toggles: int
    target: str
    table: Table
    measured_watts: float | None = None

    @property
    def dynamic_nj(self) -> float:
        return sum(part.total_nj for part in self.parts)

    @property
    def total_nj(self) -> float:
        return self.dynamic_nj + self.static_nj

    @property
    def microseconds(self) -> float:
        """Of one image, in steady state."""
        return self.cycles_per_image / self.clock_mhz

    @property
    def watts(self) -> float:
        """While image follows image."""
        return self.total_nj / self.microseconds / 1000

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": MODELLED, "toggles_kind": "measured (simulated)",
            "resources_kind": "estimated", "target": self.target, "clock_mhz": self.clock_mhz,
            "images": self.images, "toggles": self.toggles,
            "cycles_per_image": self.cycles_per_image, "dynamic_nj": self.dynamic_nj,
            "static_nj": self.static_nj, "total_nj": self.total_nj, "watts": self.watts,
            "table": str(self.table.path),
            "placeholders": self.table.placeholders(get_target(self.target).device.name),
            "calibration": self.table.calibration, "measured_watts": self.measured_watts,
            "parts": [asdict(part) for part in self.parts],
        }


def model_power(design: Design, activity: Activity, *, table: Table | None = None,
                clock_mhz: float | None = None) -> Power:
    """Model the power of a design whose switching activity was simulated.

    ``table`` is by default that of the target's family, ``clock_mhz`` the target's. Raises
    ValueError for a family or device without energies, or a table of another family.
    """
    target = get_target(design.target or DEFAULT_TARGET)
    table = table or table_of(target.family)
    if table.family != target.family:
        raise ValueError(f"The energy table {table.path} is of the family {table.family!r}, and "
                         f"{target.name} is of {target.family.value!r}")
    clock = clock_mhz or target.clock_mhz
    if activity.cycles_per_image is None:
        raise ValueError("Power is that of image after image: simulate at least two")
    areas = stage_areas(Lowering(design.graph, design.foldings)) | {FRONT_NAME: FRONT}
    ops = {node.name: type(node.op).__name__ for node in design.graph.nodes}
    grouped = _grouped(design.graph, activity)
    share = activity.cycles_per_image / activity.cycles
    parts = tuple(
        _part(name, ops.get(name, ""), grouped[name], areas[name], activity, share, table,
              target.device.block_ram)
        for name in (*ops, FRONT_NAME) if name in areas and name in grouped)
    static = table.static(target.device.name) * activity.cycles_per_image / clock
    return Power(parts=parts, static_nj=static, cycles_per_image=activity.cycles_per_image,
                 clock_mhz=clock, images=activity.images, toggles=activity.toggles,
                 target=target.name, table=table)


def calibrated(power: Power, watts: float, path: Path) -> Power:
    """The same with a table that is scaled so that it gives the power measured on a board.

    Static power stays as it is; ``path`` is where the table will be. Raises ValueError for a
    power that is not above the static one.
    """
    static = power.static_nj / power.microseconds / 1000
    if watts <= static:
        raise ValueError(f"The measured power {watts} W is not above {static:.4g} W, the static "
                         f"power in {power.table.path}: correct static_mw in a table of your own "
                         "for --table")
    factor = (watts - static) * 1000 * power.microseconds / power.dynamic_nj
    table = power.table.scaled(factor, f"scaled by {factor:.4g} to {watts} W measured on "
                                       f"{power.target} at {power.clock_mhz:g} MHz")
    parts = tuple(replace(part, logic_nj=part.logic_nj * factor, clock_nj=part.clock_nj * factor,
                          ram_nj=part.ram_nj * factor) for part in power.parts)
    return replace(power, parts=parts, table=replace(table, path=path), measured_watts=watts)


def _grouped(graph: Graph, activity: Activity) -> dict[str, Part]:
    """The circuit's parts by the layer that they belong to."""
    names = {node.name for node in graph.nodes}
    groups: dict[str, Part] = defaultdict(lambda: Part(memories=[]))
    for name, part in activity.parts.items():
        owner = name if name in names else BESIDE.sub("", name)
        group = groups[owner if owner in names else FRONT_NAME]
        group.bits += part.bits
        group.toggles += part.toggles
        group.memories += part.memories
    return groups


def _part(name: str, op: str, part: Part, area: Area, activity: Activity, share: float,
          table: Table, blocks: BlockRam) -> PartPower:
    """``share`` turns the whole run's events into those of one image."""
    energy = {event: number.value / 1000 for event, number in table.energy_pj.items()}
    rate, cycles = activity.rate(part), activity.cycles * share
    ram = sum(blocks.blocks(memory.width, memory.depth) * share
              * (memory.reads * energy["ram_read"] + memory.writes * energy["ram_write"])
              for memory in part.memories if _is_block(memory))
    toggled = area.luts * energy["lut_toggle"] + area.ffs * energy["ff_toggle"]
    return PartPower(name=name, op=op, luts=area.luts, ffs=area.ffs, toggle_rate=rate,
                     logic_nj=toggled * rate * cycles,
                     clock_nj=area.ffs * energy["ff_clock"] * cycles, ram_nj=ram)


def _is_block(memory: MemoryActivity) -> bool:
    """Whether a memory becomes block RAM, as the cost model of area has it."""
    if memory.writable:
        return late(memory.width, memory.depth)
    return memory.depth > ROM_DEPTH
