# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""The cost of a whole design: the sum of its components, its buffers and its AXI front."""

from collections.abc import Mapping

from hdl.area import logic, ram
from hdl.network import RELAY_DEPTH, Network
from hdl.ops import Folding
from ir import Budget, Graph

__all__ = ["area", "stage_areas"]

FRONT = logic(650, 520)
"""The AXI ports and the register file."""


def stage_areas(network: Network) -> dict[str, Budget]:
    """The estimated resources of each node, with the buffer of its shortcut."""
    found = {name: component.area() for name, component in network.components.items()}
    for shortcut in network.shortcuts:
        layout = network.layouts[shortcut.source]
        # The shortcut itself, the buffer at its end, and the one before the fork.
        for depth in (shortcut.positions * layout.position_beats, RELAY_DEPTH, RELAY_DEPTH):
            found[shortcut.reader] += logic(40, 30) + ram(layout.bits, depth)
    return found


def area(graph: Graph, foldings: Mapping[str, Folding]) -> Budget:
    """The estimated resources of a design on an ECP5."""
    return sum(stage_areas(Network(graph, foldings)).values(), FRONT)
