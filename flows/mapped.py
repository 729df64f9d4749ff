"""From a generated design to its mapped netlist, as Verilog that can be simulated."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows.circuit import Circuit, read_circuit
from flows.flow import GATES, NETLIST
from flows.reports import Usage
from flows.run import execute
from flows.synthesis import flow_of
from flows.targets import get_target

__all__ = ["Mapped", "count_cells", "map_design"]


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A circuit made of a family's cells.

    Parameters
    ----------
    target : str
    folder : Path
        Holds :attr:`sources`. It is shared: not to be written.
    sources : tuple of str
        Verilog of the netlist, its top module and ports being the circuit's, and of the cells in
        it that are no plain Verilog.
    usage : Usage
        Estimated: counted in the netlist.
    seconds : float
        Time the tools took, when they ran.
    versions : dict of str to str
        Tool to version.
    """

    target: str
    folder: Path
    sources: tuple[str, ...]
    usage: Usage
    seconds: float
    versions: dict[str, str]


def count_cells(circuit: Circuit, target: str, *, minutes: float | None = None) -> Usage:
    """What the cells take that a circuit is mapped to: estimated, as nothing is placed.

    No tool may take longer than ``minutes``. Raises as :func:`flows.synthesize_circuit` does.
    """
    goal = get_target(target)
    flow = flow_of(goal)
    mapped = execute(flow.synthesis(circuit, goal), minutes=minutes)
    return flow.parts((mapped.folder / NETLIST).read_bytes())[0]


def map_design(folder: Path | str, target: str, *,
               progress: Callable[[str], None] | None = None) -> Mapped:
    """Map a generated design to the cells of a target's family, and write them as Verilog.

    It is the netlist that :func:`flows.synthesize` places, whether it fits the target or not.
    Raises as :func:`flows.synthesize` does.
    """
    circuit, goal = read_circuit(folder), get_target(target)
    flow = flow_of(goal)
    mapped = execute(flow.synthesis(circuit, goal), progress=progress)
    netlist = (mapped.folder / NETLIST).read_bytes()
    written = execute(flow.simulation(netlist, circuit), progress=progress)
    return Mapped(target=goal.name, folder=written.folder, sources=(GATES, *flow.models),
                  usage=flow.parts(netlist)[0], seconds=mapped.seconds + written.seconds,
                  versions={**mapped.versions, **written.versions})
