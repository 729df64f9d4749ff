"""The space of networks that a supernet holds: axes, their values, and the point that is one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Generator, randint

from golden.zoo.searched import MIXERS, NEURONS

__all__ = ["Point", "Ranges", "extreme"]

Point = Mapping[str, Any]
"""A value for each axis."""

BLOCK_AXES = ("mixer", "heads", "ratio", "tau", "threshold")
"""What each block chooses for itself, see :func:`golden.zoo.searched.searched`."""


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """What images the networks take, and the values of every axis.

    Parameters
    ----------
    channels, height, width, classes : int
    strides : sequence of int
        Of the three convolutions of the stem.
    steps, dim, depth : sequence of int
    stem : sequence of int
        Channels of the first convolution; the second has half as many more.
    neuron, mixer : sequence of str
        See :mod:`golden.zoo.searched`.
    heads : sequence of int
    ratio : sequence of int
        Channels inside the MLP, as multiples of ``dim``.
    tau, threshold : sequence of float

    Raises
    ------
    ValueError
        For an axis without values, or values that there are not.
    """

    channels: int
    height: int
    width: int
    classes: int
    strides: Sequence[int]
    steps: Sequence[int]
    dim: Sequence[int]
    depth: Sequence[int]
    stem: Sequence[int]
    neuron: Sequence[str] = tuple(NEURONS)
    mixer: Sequence[str] = MIXERS
    heads: Sequence[int] = (1, 2, 4)
    ratio: Sequence[int] = (1, 2)
    tau: Sequence[float] = (1.25, 2.0, 4.0)
    threshold: Sequence[float] = (0.75, 1.0, 1.5)

    def __post_init__(self):
        for name in ("steps", "dim", "depth", "stem", "neuron", *BLOCK_AXES):
            values = tuple(getattr(self, name))
            if not values:
                raise ValueError(f"Ranges {name} has no values")
            object.__setattr__(self, name, values)
        object.__setattr__(self, "strides", tuple(self.strides))
        for name, known in (("neuron", tuple(NEURONS)), ("mixer", MIXERS)):
            if unknown := [value for value in getattr(self, name) if value not in known]:
                raise ValueError(f"Ranges {name} is of {', '.join(known)}, not {unknown[0]!r}")
        for dim in self.dim:
            for heads in self.heads:
                if dim % heads:
                    raise ValueError(f"Ranges dim {dim} is no multiple of {heads} heads")

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """All axes and their values; those of a block have its number at the end."""
        found = {name: tuple(getattr(self, name))
                 for name in ("steps", "dim", "depth", "stem", "neuron")}
        for block in range(max(self.depth)):
            found |= {f"{name}{block}": tuple(getattr(self, name)) for name in BLOCK_AXES}
        return found

    def extreme(self, largest: bool) -> dict[str, Any]:
        """The :func:`extreme` of these axes."""
        return extreme(self.axes, largest)

    def sample(self, generator: Generator) -> dict[str, Any]:
        """A point, every value as likely as the others of its axis."""
        return {name: values[int(randint(len(values), (), generator=generator))]
                for name, values in self.axes.items()}

    def arguments(self, point: Point) -> dict[str, Any]:
        """What :func:`golden.zoo.searched.searched` makes the network of a point from.

        Axes without meaning at a point, such as those of blocks that it lacks, leave no trace.
        """
        blocks = []
        for block in range(point["depth"]):
            mixer = point[f"mixer{block}"]
            blocks.append({
                "mixer": mixer, "heads": point[f"heads{block}"] if mixer == "self" else 1,
                "hidden": point["dim"] * point[f"ratio{block}"],
                "tau": 2.0 if point["neuron"] == "integrate" else point[f"tau{block}"],
                "threshold": point[f"threshold{block}"]})
        return {"channels": self.channels, "height": self.height, "width": self.width,
                "classes": self.classes, "steps": point["steps"],
                "stem": [point["stem"], point["stem"] * 3 // 2], "strides": list(self.strides),
                "dim": point["dim"], "blocks": blocks, "neuron": point["neuron"]}

    def to_json(self) -> str:
        """One line that :meth:`from_json` reads back."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Ranges":
        """The value that :meth:`to_json` wrote; raises ValueError for any other text."""
        try:
            return cls(**json.loads(text))
        except TypeError as error:
            raise ValueError(f"Not the description of a supernet: {error}") from error


def extreme(axes: Mapping[str, Sequence[Any]], largest: bool) -> dict[str, Any]:
    """The point with the last value of every axis that has numbers, or the first."""
    return {name: values[-1 if largest and not isinstance(values[0], str) else 0]
            for name, values in axes.items()}
