"""What is searched: the axes, and how a trial and the winners are judged; read from TOML."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from flows import get_target
from golden.supernet import SUPERNETS, Supernet, find_supernet, load_supernet

__all__ = ["Confirmation", "Judgement", "Space", "read_space"]

SHIPPED = files("spikeloom.explore") / "spaces"

BITS = ("bits_stem", "bits_attention", "bits_mlp", "bits_head")
CIRCUIT = ("target", "slack", "clock_mhz")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How a trial is judged.

    Parameters
    ----------
    held_out : int
        Training images that no training sees, which the accuracy is of.
    images, epochs, batch : int
        Training images, and passes over them, of the training on integers.
    learning_rate : float
    timed : int
        Held-out images that activity, energy and cycles are counted on.
    """

    held_out: int
    images: int
    epochs: int
    batch: int
    learning_rate: float
    timed: int = 8


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """How a winner is confirmed.

    Parameters
    ----------
    epochs : int
        Of the training on integers, on all training images but those held out.
    images, traced : int
        Test images that the circuit runs, and of how many every tensor is compared.
    seed : int
        Of the placer.
    minutes : float
        What synthesis, or place and route, may take; a circuit that takes longer is no member.
    """

    epochs: int
    images: int
    traced: int
    seed: int = 1
    minutes: float = 20


@dataclass(frozen=True, kw_only=True)
class Space:
    """A space to search.

    Parameters
    ----------
    name : str
    supernet : str
        A shipped supernet, or the path of one.
    population : int
        Trials of a generation: all of them are drawn before one of them is judged.
    axes : mapping of str to tuple
        Every axis and its values.
    trial : Judgement
    confirm : Confirmation
    """

    name: str
    supernet: str
    population: int
    axes: Mapping[str, tuple[Any, ...]]
    trial: Judgement
    confirm: Confirmation

    def weights(self) -> Supernet:
        """The supernet."""
        return _weights(self.supernet)

    def design(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """What a point is, without the axes that mean nothing there: equal for equal designs."""
        return {"network": self.weights().ranges.arguments(point),
                **{name: point[name] for name in (*BITS, *CIRCUIT)}}


@lru_cache(maxsize=2)
def _weights(name: str) -> Supernet:
    path = find_supernet(name).checkpoint if name in SUPERNETS else Path(name)
    return load_supernet(path)[0]


def read_space(name: str) -> Space:
    """A shipped space by its name, or the one in a TOML file.

    Axes of the network that the file does not narrow are those of the supernet.

    Raises ValueError or FileNotFoundError for one that is unknown, damaged or impossible.
    """
    shipped = sorted(entry.name.removesuffix(".toml") for entry in SHIPPED.iterdir())
    if name in shipped:
        text, place = (SHIPPED / f"{name}.toml").read_text(), name
    elif Path(name).is_file():
        text, place = Path(name).read_text(), Path(name).stem
    else:
        raise ValueError(f"There is no space {name!r}, and no such file; there are "
                         f"{', '.join(shipped)}")
    try:
        return _space(place, tomllib.loads(text))
    except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"Space {name!r} is no description of a search: {what}") from error


def _space(name: str, document: dict[str, Any]) -> Space:
    supernet = document["supernet"]
    if supernet not in SUPERNETS and not Path(supernet).is_file():
        raise ValueError(f"Space {name!r}: there is no supernet {supernet!r}, and no such file; "
                         f"there are {', '.join(SUPERNETS)}")
    if unknown := set(document) - {field.name for field in fields(Space)}:
        raise ValueError(f"Space {name!r} has an unknown entry {min(unknown)!r}")
    if not isinstance(document["population"], int) or document["population"] < 2:
        raise ValueError(f"Space {name!r}: population must be at least 2, not "
                         f"{document['population']}")
    return Space(name=name, supernet=supernet, population=document["population"],
                 axes=_axes(name, document["axes"], _weights(supernet).ranges.axes),
                 trial=Judgement(**document["trial"]),
                 confirm=Confirmation(**document["confirm"]))


def _axes(name: str, given: Mapping[str, list], network: Mapping[str, tuple]) -> dict[str, tuple]:
    known = (*network, *BITS, *CIRCUIT)
    if unknown := [axis for axis in given if axis not in known]:
        raise ValueError(f"Space {name!r}: there is no axis {unknown[0]!r}; there are "
                         f"{', '.join(known)}")
    axes: dict[str, tuple] = {axis: tuple(given[axis] if axis in given else network[axis])
                              for axis in known}
    for axis, values in axes.items():
        if not values:
            raise ValueError(f"Space {name!r}: axis {axis!r} has no values")
        if axis in network and (strange := [v for v in values if v not in network[axis]]):
            raise ValueError(f"Space {name!r}: axis {axis!r} has {strange[0]!r}, which the "
                             f"supernet lacks; it has {', '.join(map(str, network[axis]))}")
        if axis in BITS and (strange := [v for v in values if v not in (2, 3, 4, 8)]):
            raise ValueError(f"Space {name!r}: axis {axis!r} must be of 2, 3, 4, 8, not "
                             f"{strange[0]!r}")
    for target in axes["target"]:
        get_target(target)
    if strange := [value for value in axes["slack"] if value < 1]:
        raise ValueError(f"Space {name!r}: slack must be at least 1, not {strange[0]}")
    return axes
