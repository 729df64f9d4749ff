"""The main shipped networks, and how each is trained; the zoo has one for every system."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from golden.augment import Augmentation
from golden.fit import Recipe
from golden.preset import Preset
from golden.quantize import Scheme
from golden.zoo.presets import ZOO

__all__ = ["PRESETS", "find_preset"]


def find_preset(name: str) -> Preset:
    """The preset of that name, one of :data:`PRESETS` or of the zoo; ValueError lists them all."""
    known = {**PRESETS, **ZOO}
    if name not in known:
        raise ValueError(f"There is no preset {name!r}; there are {', '.join(known)}")
    return known[name]


def _digits(name: str, *, attention: str = "mask") -> Preset:
    return _on_digits(name, "spiking_transformer", {
        "steps": 2, "stem": (16, 24), "strides": (1, 1, 2), "dim": 24, "blocks": 1, "hidden": 48,
        "attention": attention})


def _on_digits(name: str, architecture: str, arguments: Mapping[str, Any], *, epochs: int = 80,
               tuning: int = 30) -> Preset:
    movement = Augmentation(shift=0.5, rotation=8, zoom=0.08)
    return Preset(
        name=name, dataset="digits", validation=287, seeds=(0, 1, 2), scheme=Scheme(),
        architecture=architecture,
        arguments={"channels": 1, "height": 8, "width": 8, "classes": 10, **arguments},
        recipe=Recipe(epochs=epochs, batch=32, learning_rate=1.5e-2, augmentation=movement),
        finetune=Recipe(epochs=tuning, batch=32, learning_rate=3e-3, weight_decay=0.0,
                        augmentation=movement))


def _large(name: str, dataset: str, *, steps: int, stem: tuple[int, ...], dim: int, blocks: int,
           position: bool, epochs: int, learning_rate: float, movement: Augmentation) -> Preset:
    return Preset(
        name=name, dataset=dataset, validation=5000, scheme=Scheme(),
        architecture="spiking_transformer",
        arguments={"channels": 1, "height": 28, "width": 28, "classes": 10, "steps": steps,
                   "stem": stem, "strides": (2, 2, 2), "dim": dim, "blocks": blocks,
                   "hidden": 2 * dim, "position": position},
        recipe=Recipe(epochs=epochs, learning_rate=learning_rate, augmentation=movement),
        finetune=Recipe(epochs=8, learning_rate=2e-3, weight_decay=0.0, augmentation=movement))


def _of_bits(name: str, dim: int, fan_in: Mapping[str, int], *, head_bits: int,
             tuning: int) -> Preset:
    """Tokens of 12x12 pixels of one bit, and weights for circuits that have them as logic."""
    movement = Augmentation(shift=0.7, rotation=4, zoom=0.04)
    return Preset(
        name=name, dataset="mnist", validation=5000, architecture="patch_transformer",
        scheme=Scheme(weight_bits=3, head_bits=head_bits, fan_in=fan_in),
        arguments={"channels": 1, "height": 28, "width": 28, "classes": 10, "grey_levels": 2,
                   "stem": ((12, 4, 0, dim),), "blocks": 1, "hidden": dim,
                   "query": dim // 2, "parallel": True},
        recipe=Recipe(epochs=30, learning_rate=1.5e-2, augmentation=movement),
        finetune=Recipe(epochs=tuning, learning_rate=3e-3, weight_decay=0.0,
                        augmentation=movement))


_HANDWRITING = Augmentation(shift=1, rotation=7, zoom=0.07)
_CLOTHES = Augmentation(shift=1, zoom=0.05, mirror=True)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in (
    _digits("digits"),
    _digits("digits-ssa", attention="self"),
    _on_digits("digits-tiny", "patch_transformer", {
        "stem": ((4, 2, 1, 12),), "blocks": 1, "hidden": 12, "parallel": True},
               epochs=120),
    _large("mnist", "mnist", steps=1, stem=(32, 48), dim=64, blocks=2, position=True, epochs=22,
           learning_rate=1.2e-2, movement=_HANDWRITING),
    _of_bits("mnist-small", 64, {"stem0": 32, "block0_in": 18, "block0_out": 20}, head_bits=3,
             tuning=24),
    _of_bits("mnist-fast", 32, {"stem0": 24, "block0_in": 12, "block0_out": 16}, head_bits=4,
             tuning=30),
    _large("fashion", "fashion-mnist", steps=2, stem=(32, 48), dim=64, blocks=2, position=False,
           epochs=36, learning_rate=1.2e-2, movement=_CLOTHES),
)})
"""By name; the order is the one to list them in."""
