"""What a shipped network is, and how it is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.checkpoints import FOLDER
from golden.fit import Recipe
from golden.net import Net
from golden.quantize import Scheme
from golden.zoo import ARCHITECTURES

__all__ = ["Preset"]


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A network, its data set, and how it becomes integers.

    Parameters
    ----------
    name : str
    dataset : str
        A name that :func:`golden.data.load` knows.
    architecture : str
        A name of :data:`golden.zoo.ARCHITECTURES`.
    arguments : mapping
        What that function is given, but for the seed.
    recipe, finetune : Recipe
        Of the float training, and of the training on integers after it.
    scheme : Scheme
        Of the shipped integer checkpoint.
    validation : int
        Training images held out to choose by.
    seeds : tuple of int
        Trainings to choose from, on the validation images alone.
    """

    name: str
    dataset: str
    architecture: str
    arguments: Mapping[str, Any]
    recipe: Recipe
    finetune: Recipe
    scheme: Scheme
    validation: int
    seeds: tuple[int, ...] = (0,)

    def net(self, seed: int = 0) -> Net:
        """The network, untrained."""
        return ARCHITECTURES[self.architecture](**self.arguments, seed=seed)

    @property
    def float_checkpoint(self) -> Path:
        """Where the shipped float checkpoint lies."""
        return FOLDER / f"{self.name}.safetensors"

    @property
    def quantized_checkpoint(self) -> Path:
        """Where the shipped integer checkpoint lies."""
        return FOLDER / f"{self.name}-w{self.scheme.weight_bits}.safetensors"

    @property
    def command(self) -> str:
        """What reproduces the checkpoints."""
        files = "" if self.dataset == "digits" else " --data-dir DIR"
        return f"spikeloom train {self.name}{files}"
