"""One figure of the bench, and what stands beside it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["ESTIMATED", "MEASURED", "MODELLED", "Goal", "NotMeasured", "Row"]

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


@dataclass(frozen=True, kw_only=True)
class Row:
    """A figure as the bench found it.

    Parameters
    ----------
    name : str
        Parts with a slash between; ``--only`` takes the first of them, or all.
    value : float or None
        None where it was not measured; ``how`` says why then.
    unit : str
    goal : Goal or None
        None where a figure is only stated.
    kind : str
        measured, estimated or modelled.
    peer : str or None
        What it is compared with, and that one's figure.
    how : str
        How it was obtained.
    figures : mapping of str to number, str or None
        What belongs to it: accuracy, interval, latency, LUT, FF, block RAM, UltraRAM, DSP,
        Fmax.
    """

    name: str
    value: float | None
    unit: str
    goal: Goal | None = None
    kind: str = MEASURED
    peer: str | None = None
    how: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None without a goal. What was not measured did not."""
        if self.goal is None:
            return None
        return self.value is not None and self.goal.met(self.value)

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON's own types."""
        return {**asdict(self), "goal": None if self.goal is None else asdict(self.goal),
                "target": None if self.goal is None else str(self.goal), "met": self.met,
                "figures": dict(self.figures)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Row":
        """The row that :meth:`as_dict` wrote; KeyError or TypeError for anything else."""
        fields = {key: document[key] for key in cls.__dataclass_fields__}
        goal = fields.pop("goal")
        return cls(goal=None if goal is None else Goal(**goal), **fields)
