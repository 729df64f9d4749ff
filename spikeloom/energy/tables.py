"""Energies of an FPGA family's resources: a file of numbers, each with where it is from."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

__all__ = ["EVENTS", "Number", "Table", "load_table", "table_of"]

HOME = Path(__file__).with_name("fpga")

EVENTS = ("lut_toggle", "ff_toggle", "ff_clock", "ram_read", "ram_write")
"""What has an energy, in picojoules; see a table's own words."""


@dataclass(frozen=True, kw_only=True)
class Number:
    """A value with its source; ``placeholder`` if nothing but an assumption is behind it."""

    value: float
    source: str
    placeholder: bool = False
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Energies of one family's resources.

    Parameters
    ----------
    path : Path
        The file it is from.
    family : str
    energy_pj : mapping of str to Number
        Of each of :data:`EVENTS`.
    static_mw : mapping of str to Number
        By device: power without any activity.
    calibration : str
        What it was scaled to; empty if it was not.
    """

    path: Path
    family: str
    energy_pj: Mapping[str, Number]
    static_mw: Mapping[str, Number]
    calibration: str = ""

    def placeholders(self, device: str) -> list[str]:
        """The numbers behind a model of this device that are assumed."""
        used = {**self.energy_pj, f"static power of {device}": self.static_mw[device]}
        return [name for name, number in used.items() if number.placeholder]

    def static(self, device: str) -> float:
        """Milliwatts of a device without activity; ValueError lists the devices there are."""
        if device not in self.static_mw:
            raise ValueError(f"The energy table {self.path} has no static_mw of {device!r}; it has "
                             f"{', '.join(sorted(self.static_mw)) or 'none'}")
        return self.static_mw[device].value

    def scaled(self, factor: float, calibration: str) -> "Table":
        """The energies times a factor, no placeholders any more, with what they were scaled to."""
        return replace(self, calibration=calibration, energy_pj={
            name: Number(value=number.value * factor, about=number.about,
                         source=f"{calibration}; relative to the others: {number.source}")
            for name, number in self.energy_pj.items()})

    def text(self) -> str:
        """The file that :func:`load_table` reads."""
        lines = [f"family = {json.dumps(self.family)}",
                 f"calibration = {json.dumps(self.calibration)}"]
        for section in ("energy_pj", "static_mw"):
            for name, number in getattr(self, section).items():
                lines += ["", f"[{section}.{name}]", f"value = {number.value!r}",
                          f"placeholder = {str(number.placeholder).lower()}",
                          f"about = {json.dumps(number.about)}",
                          f"source = {json.dumps(number.source)}"]
        return "\n".join(lines) + "\n"


def table_of(family: str) -> Table:
    """The table that comes with Spikeloom. Raises ValueError for a family that has none."""
    path = HOME / f"{family}.toml"
    if not path.is_file():
        raise ValueError(f"There is no energy table of the family {family!r}; there are "
                         f"{', '.join(sorted(each.stem for each in HOME.glob('*.toml')))}. Give "
                         "one of your own with --table")
    return load_table(path)


def load_table(path: Path) -> Table:
    """Read a table. Raises ValueError that names the file and what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text())
        if missing := [name for name in EVENTS if name not in content["energy_pj"]]:
            raise ValueError(f"energy_pj lacks {', '.join(missing)}")
        return Table(path=path, family=str(content["family"]),
                     calibration=str(content.get("calibration", "")),
                     energy_pj={name: _number(f"energy_pj.{name}", content["energy_pj"][name])
                                for name in EVENTS},
                     static_mw={name: _number(f"static_mw.{name}", entry)
                                for name, entry in content.get("static_mw", {}).items()})
    except KeyError as error:
        raise ValueError(f"The energy table {path} lacks {error.args[0]}") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"The energy table {path} cannot be read: {error}") from error


def _number(name: str, entry: Mapping[str, Any]) -> Number:
    number = Number(**entry)
    if isinstance(number.value, bool) or not isinstance(number.value, int | float):
        raise TypeError(f"{name} value must be a number, not {number.value!r}")
    if number.value < 0:
        raise ValueError(f"{name} must not be negative, not {number.value}")
    return number
