"""What a circuit takes of a device, as nextpnr packs it, without placing it."""

from flows.circuit import Circuit
from flows.flow import NETLIST, Implementation
from flows.reports import Usage
from flows.run import execute
from flows.synthesis import flow_of
from flows.targets import get_target

__all__ = ["pack_circuit"]


def pack_circuit(circuit: Circuit, target: str, *, minutes: float | None = None) -> Usage:
    """The counts of a circuit without its harness that :func:`flows.synthesize_circuit` reports.

    nextpnr packs before it places, and places what it packed: the counts are the same, for any
    seed, clock and router, whether the circuit fits the device or not. There is no clock.

    No tool may take longer than ``minutes``. Raises as :func:`flows.synthesize_circuit` does.
    """
    goal = get_target(target)
    flow = flow_of(goal)
    mapped = execute(flow.synthesis(circuit, goal), minutes=minutes)
    netlist = (mapped.folder / NETLIST).read_bytes()
    plan = flow.packing(netlist, Implementation(goal, goal.clock_mhz, seed=1))
    return flow.packed(execute(plan, minutes=minutes)).without(flow.parts(netlist)[1])
