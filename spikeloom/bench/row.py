"""One figure of the bench, and what stands beside it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from spikeloom.terminal import shown

__all__ = ["ESTIMATED", "MEASURED", "MODELLED", "Finding", "Goal", "NotMeasured", "Peer", "Row"]

MEASURED, ESTIMATED, MODELLED = "measured", "estimated", "modelled"


class NotMeasured(Exception):
    """A figure that cannot be had here; the message says why."""


@dataclass(frozen=True)
class Goal:
    """What a figure is wanted to reach: at least or at most ``limit``."""

    least: bool
    limit: float

    def __str__(self):
        return f"{'>=' if self.least else '<='} {self.limit:,g}"

    def met(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit


@dataclass(frozen=True)
class Peer:
    """What another tool reaches, in the row's unit.

    Parameters
    ----------
    name : str
    value : float or None
        None where it was not measured, or is of another kind.
    about : str
        What belongs to it, or why there is no value.
    """

    name: str
    value: float | None
    about: str

    def __str__(self):
        if self.value is None:
            return f"{self.name}: {self.about}"
        return f"{self.name}: {shown(self.value)} ({self.about})"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was measured of a row.

    Parameters
    ----------
    value : float or None
        None where it was not measured; ``how`` says why then.
    how : str
        How it was obtained.
    kind : str
        measured, estimated or modelled.
    peers : tuple of :class:`Peer`
        What it is compared with.
    figures : mapping of str to number, str or None
        What belongs to it: accuracy, interval, latency, LUT, FF, block RAM, UltraRAM, DSP,
        Fmax.
    """

    value: float | None
    how: str
    kind: str = MEASURED
    peers: tuple[Peer, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Row(Finding):
    """A figure as the bench found it.

    Parameters
    ----------
    name : str
        Parts with a slash between; ``--only`` takes the first of them, or all.
    unit : str
    goal : Goal or None
        None where a figure is only stated.
    date : str or None
        The day on which it was measured; None where that is not known.
    """

    name: str
    unit: str
    goal: Goal | None = None
    date: str | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal. What was not measured did not."""
        if self.goal is None:
            return None
        return self.value is not None and self.goal.met(self.value)

    @property
    def ratios(self) -> dict[str, float]:
        """The value over that of each peer that has one, by the peer's name."""
        return {peer.name: self.value / peer.value for peer in self.peers
                if self.value is not None and peer.value}

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON's own types."""
        return {**asdict(self), "goal": None if self.goal is None else asdict(self.goal),
                "target": None if self.goal is None else str(self.goal), "met": self.met,
                "peer": "; ".join(map(str, self.peers)) or None, "ratios": self.ratios,
                "figures": dict(self.figures)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Row":
        """The row that :meth:`as_dict` wrote; KeyError or TypeError for anything else."""
        fields = {key: document[key] for key in cls.__dataclass_fields__ if key != "date"}
        goal, peers = fields.pop("goal"), fields.pop("peers")
        return cls(date=document.get("date"), goal=None if goal is None else Goal(**goal),
                   peers=tuple(Peer(**peer) for peer in peers), **fields)
