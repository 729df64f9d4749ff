# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""The cost of a whole design: the sum of its components, its buffers and its AXI front."""

from collections.abc import Mapping

from hdl.area import Area, logic, ram
from hdl.layout import Layout
from hdl.lowering import Known, Lowering, relays
from hdl.ops import Folding
from hdl.relay import Relay
from hdl.shortcuts import Shortcut
from ir import Budget, Graph
from ir.block_ram import DP16KD, BlockRam

__all__ = ["FRONT", "area", "footprint", "shortcut_area", "stage_areas"]

FRONT = logic(400, 520)
"""The AXI ports and the register file."""


def stage_areas(lowering: Lowering) -> dict[str, Area]:
    """The estimated resources of each node, with the buffer of its shortcut."""
    found = {name: stage.area for name, stage in lowering.stages.items()}
    for shortcut in lowering.buffers.values():
        layout = lowering.layouts[shortcut.source]
        found[shortcut.reader] += shortcut_area(shortcut, layout)
    for name, layout in lowering.layouts.items():
        made = lowering.stages.get(name)
        if made and relays(lowering.graph, name, made.component):
            found[name] += Relay.area(layout.bits)
    return found


def shortcut_area(shortcut: Shortcut, layout: Layout) -> Area:
    """The buffer of a shortcut from a tensor of this layout."""
    return logic(40, 30) + ram(layout.bits, shortcut.depth(layout))


def footprint(graph: Graph, foldings: Mapping[str, Folding], known: Known | None = None) -> Area:
    """The estimated resources of a design, before its memories are counted in a device's blocks."""
    return sum(stage_areas(Lowering(graph, foldings, known)).values(), FRONT)


def area(graph: Graph, foldings: Mapping[str, Folding], known: Known | None = None, *,
         blocks: BlockRam = DP16KD) -> Budget:
    """The estimated resources of a design: logic as on an ECP5, block RAM of the kind given."""
    stages = stage_areas(Lowering(graph, foldings, known)).values()
    return sum((stage.on(blocks) for stage in stages), FRONT.on(blocks))
