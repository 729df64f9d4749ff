# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""The cost of a whole design: the sum of its components, its buffers and its AXI front."""

from collections.abc import Mapping

from hdl.area import Area, logic, ram
from hdl.layout import Layout
from hdl.lowering import Known, Lowering, relays
from hdl.ops import Folding
from hdl.shortcuts import shortcuts
from ir import Budget, Graph
from ir.block_ram import DP16KD, BlockRam

__all__ = ["area", "stage_areas"]

FRONT = logic(650, 520)
"""The AXI ports and the register file."""


def stage_areas(lowering: Lowering) -> dict[str, Area]:
    """The estimated resources of each node, with the buffer of its shortcut."""
    found = {name: stage.area for name, stage in lowering.stages.items()}
    for shortcut in shortcuts(lowering.graph):
        layout = lowering.layouts[shortcut.source]
        found[shortcut.reader] += (
            logic(40, 30) + ram(layout.bits, shortcut.positions * layout.position_beats)
            + _relay(layout))
    for name, layout in lowering.layouts.items():
        if name in found and relays(lowering.graph, name):
            found[name] += _relay(layout)
    return found


def _relay(layout: Layout) -> Area:
    return logic(6 + layout.bits, 2 + 2 * layout.bits)


def area(graph: Graph, foldings: Mapping[str, Folding], known: Known | None = None, *,
         blocks: BlockRam = DP16KD) -> Budget:
    """The estimated resources of a design: logic as on an ECP5, block RAM of the kind given."""
    return sum(stage_areas(Lowering(graph, foldings, known)).values(), FRONT).on(blocks)
