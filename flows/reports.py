"""What the tools report, as values: nothing guessed, None where a tool says nothing."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

__all__ = ["Kind", "Placement", "Usage", "parse_placement", "utilisation"]

_TRAIL = re.compile(r"(_(TRELLIS_FF|LUT4|CCU2C|PFUMX|L6MUX21|SB_[A-Z0-9]+)_|_RAM$|_DFFLC$).*")
_UTILISATION = re.compile(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", re.MULTILINE)


class Kind(StrEnum):
    """Where a figure comes from."""

    MEASURED = "measured"
    ESTIMATED = "estimated"


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a circuit takes of its device; None is what the tool did not say.

    Measured: packed, placed and routed. Estimated: counted in a netlist before packing.
    """

    luts: int | None = None
    ffs: int | None = None
    brams: int | None = None
    dsps: int | None = None
    fmax_mhz: float | None = None
    kind: Kind = Kind.MEASURED

    @classmethod
    def of(cls, counts: Mapping[str, int | None], *, fmax_mhz: float | None = None,
           kind: Kind = Kind.MEASURED) -> "Usage":
        """From counts by name of the resource; what is not among them is unknown."""
        return cls(luts=counts.get("luts"), ffs=counts.get("ffs"), brams=counts.get("brams"),
                   dsps=counts.get("dsps"), fmax_mhz=fmax_mhz, kind=kind)

    def counts(self) -> dict[str, int | None]:
        """The resources, without the clock."""
        return {name: getattr(self, name) for name in ("luts", "ffs", "brams", "dsps")}

    def without(self, part: "Usage") -> "Usage":
        """What is left of the resources beside ``part``; unknown where either is."""
        mine, its = self.counts(), part.counts()
        left = {name: None if count is None or (other := its[name]) is None else count - other
                for name, count in mine.items()}
        return Usage.of(left, fmax_mhz=self.fmax_mhz, kind=self.kind)

    def excess(self, available: Mapping[str, int]) -> dict[str, int]:
        """Resources of which more are used than ``available``, and how many more."""
        return {name: count - available[name] for name, count in self.counts().items()
                if count is not None and count > available[name]}

    def as_dict(self) -> dict[str, int | float | str | None]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class Placement:
    """nextpnr's JSON report.

    Parameters
    ----------
    used, available : mapping of str to int
        Kind of bel to count.
    fmax_mhz : float or None
        Of the slowest clock, after routing; None when no path is clocked.
    critical_path : str
        That clock's slowest path, in words; empty when there is none.
    """

    used: Mapping[str, int]
    available: Mapping[str, int]
    fmax_mhz: float | None
    critical_path: str


def parse_placement(text: str) -> Placement:
    """Read what nextpnr wrote with ``--report``. Raises ValueError when it is no such report."""
    try:
        report = json.loads(text)
        cells = report["utilization"]
        clocks = {name: float(clock["achieved"]) for name, clock in report["fmax"].items()}
        used, available = ({name: int(cell[key]) for name, cell in cells.items()}
                           for key in ("used", "available"))
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"This is no report of nextpnr: {error!r}") from error
    slowest = min(clocks, key=lambda name: clocks[name], default=None)
    path = next((_describe(path["path"]) for path in report.get("critical_paths", ())
                 if path["from"] == path["to"] and path["from"].endswith(f" {slowest}")), "")
    return Placement(used, available, None if slowest is None else clocks[slowest], path)


def utilisation(log: str) -> dict[str, tuple[int, int]]:
    """Used and available bels by kind, from nextpnr's log: it says so before it places."""
    return {bel: (int(used), int(available))
            for bel, used, available in _UTILISATION.findall(log)}


def _describe(hops: list[dict]) -> str:
    """A path as text: a summary line, then each hop that takes time, and where it leads.

    Yosys names a cell after the signal that it drives and the cells on the way there; the signal
    is what a reader knows, and what is kept.
    """
    total = {True: 0.0, False: 0.0}
    lines = []
    for hop in hops:
        is_routing = hop["type"] == "routing"
        total[is_routing] += hop["delay"]
        if hop["delay"] < 0.005:
            continue
        what = f"net {_short(hop['net'])}" if is_routing else _pin(hop["to"])
        lines.append(f"{hop['delay']:8.2f} ns  {hop['type']:9}{what}")
    summary = (f"{total[True] + total[False]:.2f} ns ({total[False]:.2f} logic, "
               f"{total[True]:.2f} routing) from {_pin(hops[0]['from'])} to "
               f"{_pin(hops[-1]['to'])}")
    return "\n".join([summary, *lines])


def _pin(end: Mapping[str, str]) -> str:
    return f"{_short(end['cell'])} {end['port']}"


def _short(name: str) -> str:
    return _TRAIL.sub("", name)
