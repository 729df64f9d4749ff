"""From a generated design to a bitstream, and the figures that the tools measured on the way."""

import json
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from flows.circuit import Circuit, read_circuit
from flows.devices import Family
from flows.ecp5 import Ecp5
from flows.errors import FlowError, TooLarge, ToolFailed
from flows.flow import NETLIST, Flow, Implementation, Router
from flows.ice40 import Ice40
from flows.reports import Kind, Usage
from flows.run import TOOLS, Finished, execute
from flows.run import missing as missing_of
from flows.targets import TARGETS, Target, get_target

__all__ = ["FLOWS", "SynthesisResult", "available", "flow_of", "missing", "synthesize",
           "synthesize_circuit"]

FLOWS: dict[Family, Flow] = {Family.ECP5: Ecp5(), Family.ICE40: Ice40()}
"""The open flow of each family that has one."""

_RESULT = "synthesis.json"


@dataclass(frozen=True, kw_only=True)
class SynthesisResult:
    """What place and route measured.

    Parameters
    ----------
    target : str
    luts, ffs, brams, dsps : int or None
        Packed and placed, harness included, in the units of the device's budget; None where the
        tool does not say.
    fmax_mhz : float or None
        After routing; None when no path is clocked.
    clock_mhz : float
        The constraint.
    met : bool
        Whether ``fmax_mhz`` reaches it (true when no path is clocked).
    seed : int
        Of the placer. Fmax differs by about 10 % from seed to seed.
    router : Router
    harness, accelerator : Usage
        What of the counts the harness takes (counted in the netlist, where every cell of it packs
        alone), and what is left for the accelerator.
    critical_path : str
    bitstream : Path
    seconds : float
        Time the tools took, when they ran.
    cached : bool
        Whether nothing had to be run.
    versions : dict of str to str
        Tool to version.
    logs : tuple of Path
    kind : Kind
    """

    target: str
    luts: int | None
    ffs: int | None
    brams: int | None
    dsps: int | None
    fmax_mhz: float | None
    clock_mhz: float
    met: bool
    seed: int
    router: Router
    harness: Usage
    accelerator: Usage
    critical_path: str
    bitstream: Path
    seconds: float
    cached: bool
    versions: dict[str, str]
    logs: tuple[Path, ...]
    kind: Kind = Kind.MEASURED

    def as_dict(self) -> dict:
        """All of it as JSON's own types."""
        return {**vars(self), "harness": self.harness.as_dict(),
                "accelerator": self.accelerator.as_dict(), "bitstream": str(self.bitstream),
                "logs": [str(log) for log in self.logs]}


def available() -> dict[str, list[str]]:
    """Every target that an open flow can build, and the tools that it takes."""
    return {name: list(FLOWS[target.family].tools) for name, target in TARGETS.items()
            if target.family in FLOWS}


def missing() -> dict[str, str]:
    """Tools of any flow that are not installed, and the command that installs each."""
    return missing_of(TOOLS)


def flow_of(target: Target) -> Flow:
    """The open flow of a target; raises ValueError, saying what to do, where there is none."""
    if target.family not in FLOWS:
        raise ValueError(_only_planned(target))
    return FLOWS[target.family]


def synthesize(folder: Path | str, target: str, *, clock_mhz: float | None = None, seed: int = 1,
               router: Router = Router.FIRST, work: Path | str | None = None,
               minutes: float | None = None,
               progress: Callable[[str], None] | None = None) -> SynthesisResult:
    """Build a generated design for a target, as far as a bitstream.

    Parameters
    ----------
    folder : path
        A generated design, with its ``manifest.json``.
    target : str
        A key of :data:`flows.targets.TARGETS`.
    clock_mhz : float or None
        Constraint for the accelerator's clock; None takes the target's.
    seed : int
        Of the placer.
    router : Router
    work : path or None
        Folder to get a copy of bitstream, reports and logs; it must not be there yet, or be of an
        earlier build. None leaves them in the cache only.
    minutes : float or None
        What a tool may take before it is stopped; None is for ever.
    progress : callable or None
        Called with the name of each step as it starts.

    Raises
    ------
    ValueError
        For an unknown target, one without an open flow, or a clock that is not positive.
    FileNotFoundError
        When ``folder`` lacks a file.
    FlowError
        :exc:`TooLarge`, :exc:`FlowUnavailable`, :exc:`ToolFailed`, or a disk that refuses.
    """
    return synthesize_circuit(read_circuit(folder), target, clock_mhz=clock_mhz, seed=seed,
                              router=router, work=work, minutes=minutes, progress=progress)


def synthesize_circuit(circuit: Circuit, target: str, *, clock_mhz: float | None = None,
                       seed: int = 1, router: Router = Router.FIRST,
                       work: Path | str | None = None, minutes: float | None = None,
                       flow: Flow | None = None,
                       progress: Callable[[str], None] | None = None) -> SynthesisResult:
    """As :func:`synthesize`, for any circuit: so that one unit can be measured alone.

    ``flow`` is the target's own or one that maps otherwise.
    """
    goal = get_target(target)
    flow = flow or flow_of(goal)
    clock = goal.clock_mhz if clock_mhz is None else clock_mhz
    if not clock > 0:
        raise ValueError(f"The clock must be above 0 MHz, not {clock}")
    destination = None if work is None else _check_destination(Path(work))

    mapped = execute(flow.synthesis(circuit, goal), minutes=minutes, progress=progress)
    netlist = (mapped.folder / NETLIST).read_bytes()
    accelerator, harness = flow.parts(netlist)
    _check_size(goal, accelerator, harness)
    task = Implementation(goal, clock, seed, router)
    plan = flow.placement(netlist, task)
    try:
        routed = execute(plan, minutes=minutes, progress=progress)
    except ToolFailed as error:
        if short := flow.shortage(error.log):
            raise _too_large(goal, short) from error
        raise
    result = _result(flow, task, harness, mapped, routed)
    return result if destination is None else _deliver(result, destination)


def _only_planned(target: Target) -> str:
    """What to do with a target that no open flow builds."""
    return (f"Target {target.name!r} has no open flow here: `spikeloom generate` folds for it and "
            f"estimates, the bitstream is {target.device.vendor_tool}'s to make. Give it "
            f"spikeloom.v, spikeloom_memory.v and memory/ of the rtl folder, part {target.part}, "
            "top module spikeloom, the rtl folder as its working directory (memory files are "
            f"named from there). Built here are {', '.join(sorted(available()))}")


def _result(flow: Flow, task: Implementation, harness: Usage, mapped: Finished,
            routed: Finished) -> SynthesisResult:
    usage, critical_path = flow.placed(routed)
    harness = replace(harness, kind=usage.kind)
    return SynthesisResult(
        target=task.target.name, luts=usage.luts, ffs=usage.ffs, brams=usage.brams,
        dsps=usage.dsps, fmax_mhz=usage.fmax_mhz, clock_mhz=task.clock_mhz,
        met=usage.fmax_mhz is None or usage.fmax_mhz >= task.clock_mhz, seed=task.seed,
        router=task.router, harness=harness, accelerator=usage.without(harness),
        critical_path=critical_path, bitstream=routed.folder / flow.bitstream,
        seconds=mapped.seconds + routed.seconds,
        cached=mapped.cached and routed.cached, versions={**mapped.versions, **routed.versions},
        logs=(*sorted(mapped.folder.glob("*.log")), *sorted(routed.folder.glob("*.log"))))


def _check_size(target: Target, accelerator: Usage, harness: Usage) -> None:
    """Raise :exc:`TooLarge` when the netlist cannot fit, before an hour is spent placing it."""
    need = {name: (count or 0) + (harness.counts()[name] or 0)
            for name, count in accelerator.counts().items()}
    if Usage.of(need).excess(vars(target.budget)):
        raise _too_large(target, need)


def _too_large(target: Target, need: Mapping[str, int | None]) -> TooLarge:
    usage = Usage.of(need)
    fitting = [other for other in TARGETS.values() if other.family is target.family
               and not usage.excess(vars(other.budget))]
    fitting.sort(key=lambda other: (other.budget.luts, other.name))
    limits = vars(target.budget)
    return TooLarge(target.name, usage.excess(limits), limits,
                    tuple(other.name for other in fitting))


def _check_destination(work: Path) -> Path:
    if work.exists() and not (work / _RESULT).is_file():
        raise ValueError(f"{work} is there already, and is no earlier build; name a new folder")
    return work


def _deliver(result: SynthesisResult, work: Path) -> SynthesisResult:
    """Copy what matters to ``work``, which gets its name when it is complete."""
    try:
        work.parent.mkdir(parents=True, exist_ok=True)
        beside = work.with_name(f".{work.name}.{uuid.uuid4().hex}")
        beside.mkdir()
        try:
            for path in (result.bitstream, *result.logs):
                shutil.copyfile(path, beside / path.name)
            delivered = SynthesisResult(**{
                **vars(result), "bitstream": work / result.bitstream.name,
                "logs": tuple(work / log.name for log in result.logs)})
            (beside / _RESULT).write_text(json.dumps(delivered.as_dict(), indent=2) + "\n")
            if work.exists():
                shutil.rmtree(work)
            beside.rename(work)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise FlowError(f"Cannot write the build to {work}: {error}") from error
    return delivered
