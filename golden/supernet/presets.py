"""The shipped supernets, and how each is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from golden.augment import Augmentation
from golden.checkpoints import FOLDER
from golden.fit import Recipe
from golden.supernet.ranges import Ranges

__all__ = ["SUPERNETS", "SupernetPreset", "find_supernet"]


@dataclass(frozen=True, kw_only=True)
class SupernetPreset:
    """Ranges, data set and recipe of a supernet; ``validation`` training images are held out."""

    name: str
    dataset: str
    ranges: Ranges
    recipe: Recipe
    validation: int

    @property
    def checkpoint(self) -> Path:
        """Where the shipped weights lie."""
        return FOLDER / f"{self.name}.safetensors"

    @property
    def command(self) -> str:
        """What reproduces them."""
        files = "" if self.dataset == "digits" else " --data-dir DIR"
        return f"spikeloom train {self.name}{files}"


SUPERNETS: Mapping[str, SupernetPreset] = MappingProxyType({preset.name: preset for preset in (
    SupernetPreset(
        name="digits-supernet", dataset="digits", validation=287,
        ranges=Ranges(channels=1, height=8, width=8, classes=10, strides=(1, 2, 2),
                      steps=(1, 2), dim=(8, 16), depth=(1,), stem=(4, 8), heads=(1, 2)),
        recipe=Recipe(epochs=80, batch=32, learning_rate=1.5e-2,
                      augmentation=Augmentation(shift=0.5, rotation=8, zoom=0.08))),
    SupernetPreset(
        name="fashion-supernet", dataset="fashion-mnist", validation=5000,
        ranges=Ranges(channels=1, height=28, width=28, classes=10, strides=(2, 2, 2),
                      steps=(1, 2), dim=(32, 48, 64), depth=(1, 2), stem=(16, 24, 32)),
        recipe=Recipe(epochs=40, learning_rate=1.2e-2,
                      augmentation=Augmentation(shift=1, zoom=0.05, mirror=True))),
)})
"""By name."""


def find_supernet(name: str) -> SupernetPreset:
    """The supernet of that name; ValueError lists them all."""
    if name not in SUPERNETS:
        raise ValueError(f"There is no supernet {name!r}; there are {', '.join(SUPERNETS)}")
    return SUPERNETS[name]
