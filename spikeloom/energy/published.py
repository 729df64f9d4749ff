"""Published energies of spiking transformers, and what their layers' sizes make of them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from spikeloom.energy.architectures import FAMILIES, Reads, Shape, Sizes
from spikeloom.energy.conventions import FP32

__all__ = ["Measured", "Published", "RecomputedLayer", "find_published", "published"]

DATA = Path(__file__).with_name("published.toml")
MILLIJOULE = 1e9
"""Picojoules of it."""


@dataclass(frozen=True, kw_only=True)
class RecomputedLayer:
    """One layer by the papers' rule: operations of the dense layer, times its firing rate.

    ``published`` is what the authors' log says of its accumulates, None where it says nothing.
    """

    name: str
    reads: Reads
    dense: float
    rate: float | None
    operations: float
    picojoules: float
    published: float | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What an author's log says: totals, and the rate and accumulates of each layer by group."""

    source: str
    energy_mj: float
    macs_g: float
    acs_g: float
    rates: Mapping[str, Sequence[float]]
    accumulates: Mapping[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Published:
    """A network with its published energy.

    Parameters
    ----------
    name, family : str
    sizes : Sizes
    energy_mj, parameters_m : float
        As published: millijoules for one image, millions of parameters.
    operations_g : float or None
        Published operations, in billions, where they are.
    source, note : str
    measured : Measured or None
    """

    name: str
    family: str
    sizes: Sizes
    energy_mj: float
    parameters_m: float
    source: str
    operations_g: float | None = None
    note: str = ""
    measured: Measured | None = None

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(FAMILIES[self.family](self.sizes))

    @property
    def parameters(self) -> int:
        """Parameters of the layers whose operations are counted here."""
        return sum(shape.parameters for shape in self.shapes)

    def layers(self) -> tuple[RecomputedLayer, ...]:
        """Every layer at its published firing rate. Raises ValueError where there are none."""
        if self.measured is None:
            raise ValueError(f"No firing rates of the layers of {self.name!r} are published; "
                             "its energy is a function of one firing rate for all")
        return tuple(self._layer(shape, self.measured) for shape in self.shapes)

    def at_rate(self, rate: float, *, stem_once: bool = False) -> float:
        """Millijoules if all spikes and counts had one mean; ``stem_once`` counts the first layer
        in one time step, as some papers do, instead of all."""
        picojoules = 0.0
        for place, shape in enumerate(self.shapes):
            if shape.reads is Reads.NUMBERS:
                shared = self.sizes.steps if stem_once and not place else 1
                picojoules += FP32.mac * shape.dense / shared
            else:
                picojoules += FP32.ac * shape.dense * rate * max(1, len(shape.operands))
        return picojoules / MILLIJOULE

    def rate(self, *, stem_once: bool = False) -> float:
        """The one firing rate at which the published energy lies."""
        base = self.at_rate(0.0, stem_once=stem_once)
        return (self.energy_mj - base) / (self.at_rate(1.0, stem_once=stem_once) - base)

    @staticmethod
    def _layer(shape: Shape, measured: Measured) -> RecomputedLayer:
        if shape.reads is Reads.NUMBERS:
            return RecomputedLayer(name=shape.name, reads=shape.reads, dense=shape.dense, rate=None,
                                   operations=shape.dense, picojoules=FP32.mac * shape.dense,
                                   published=None)
        rate = (sum(min(measured.rates[name][shape.index] for name in product)
                    for product in shape.operands)
                if shape.operands else measured.rates[shape.group][shape.index])
        said = measured.accumulates.get(shape.group)
        return RecomputedLayer(name=shape.name, reads=shape.reads, dense=shape.dense, rate=rate,
                               operations=shape.dense * rate,
                               picojoules=FP32.ac * shape.dense * rate,
                               published=said[shape.index] if said else None)


@cache
def published() -> Mapping[str, Published]:
    """All of them by name."""
    content = tomllib.loads(DATA.read_text())
    return {entry["name"]: _read(entry) for entry in content["network"]}


def find_published(name: str) -> Published:
    """The network called ``name``; raises ValueError, listing those known."""
    known = published()
    if name not in known:
        raise ValueError(f"No published network is called {name!r}; there are "
                         f"{', '.join(sorted(known))}")
    return known[name]


def _read(entry: Mapping[str, Any]) -> Published:
    rest = dict(entry)
    sizes = Sizes(**{name: rest.pop(name)
                     for name in ("channels", "depth", "heads", "steps", "size")})
    measured = rest.pop("measured", None)
    return Published(**rest, sizes=sizes, measured=Measured(**measured) if measured else None)
