"""Small presets of every architecture, sized so that whole test runs fit into a simulation."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from golden.augment import Augmentation
from golden.fit import Recipe
from golden.preset import Preset
from golden.quantize import Scheme

__all__ = ["SYSTEMS", "ZOO"]

GREY: Mapping[str, Any] = {"channels": 1, "height": 28, "width": 28, "classes": 10}
COLOUR: Mapping[str, Any] = {"channels": 3, "height": 32, "width": 32, "classes": 10}
EVENTS: Mapping[str, Any] = {"channels": 2, "height": 34, "width": 34, "classes": 10, "steps": 4,
                             "events": 15}

STEM: Mapping[str, Any] = {"dim": 24, "heads": 2, "blocks": 1, "hidden": 48}
"""Of the transformers of one size; heads of those that have any."""

STAGES = ((7, 2, 8, 1, 0), (3, 2, 12, 1, 0), (3, 2, 16, 0, 1))
"""Of the Spike-driven Transformers from V2 on: kernel, stride, dim, blocks of both kinds."""

WIDE = (*STAGES[:2], (3, 2, 24, 0, 1))


def _preset(name: str, dataset: str, architecture: str, arguments: Mapping[str, Any],
            *, bits: int = 4, recipe: str = "") -> Preset:
    """A preset of ``bits``-bit weights, trained as its data set asks or by another recipe."""
    floats, finetune, validation = _RECIPES[recipe or dataset]
    return Preset(name=name, dataset=dataset, architecture=architecture,
                  arguments=dict(arguments), recipe=floats, finetune=finetune,
                  scheme=Scheme(weight_bits=bits), validation=validation)


def _recipes(epochs: int, tuning: int, validation: int, *, batch: int = 128,
             learning_rate: float = 1e-2, **movement: Any) -> tuple[Recipe, Recipe, int]:
    augmentation = Augmentation(**movement)
    return (Recipe(epochs=epochs, batch=batch, learning_rate=learning_rate,
                   augmentation=augmentation),
            Recipe(epochs=tuning, batch=batch, learning_rate=2e-3, weight_decay=0.0,
                   augmentation=augmentation), validation)


_RECIPES = {
    "mnist": _recipes(3, 1, 2000),
    "fashion-mnist": _recipes(4, 2, 2000),
    "cifar10": _recipes(16, 4, 1000, mirror=True, shift=1),
    "slow": _recipes(2, 1, 2000),
    "nmnist": _recipes(40, 10, 100, batch=32, shift=1.5),
}

SYSTEMS: Mapping[str, tuple[Preset, ...]] = MappingProxyType({
    "Spikformer": (
        _preset("spikformer", "fashion-mnist", "spikformer", GREY | STEM | {
            "steps": 2, "widths": (8, 8, 16, 24), "strides": (2, 1, 1, 1), "pools": "0011"}),
        _preset("spikformer-dvs", "nmnist", "spikformer", EVENTS | STEM | {
            "widths": (8, 8, 16, 24), "pools": "1111", "scale": 0.25}),
    ),
    "Spikformer V2": (
        _preset("spikformer-v2", "mnist", "spikformer_v2", GREY | {
            "steps": 2, "widths": (8, 12, 16), "heads": 2, "blocks": 1, "hidden": 32}),
    ),
    "Spikingformer": (
        _preset("spikingformer", "mnist", "spikingformer", GREY | STEM | {
            "steps": 2, "widths": (8, 8, 16, 16, 24), "strides": (2, 1, 1, 1, 1),
            "pools": "0011"}),
        _preset("spikingformer-dvs", "nmnist", "spikingformer", EVENTS | STEM | {
            "widths": (8, 8, 16, 16, 24), "pools": "1111", "tau": 1.5}),
        _preset("spikingformer-cml-dvs", "nmnist", "spikingformer", EVENTS | STEM | {
            "widths": (8, 8, 16, 16, 24), "pools": "1111", "cml": True, "tau": 1.75}),
    ),
    "Spike-driven Transformer V1": (
        _preset("sdt", "mnist", "spike_driven", GREY | {
            "steps": 2, "dim": 24, "blocks": 1, "hidden": 48, "widths": (8, 8, 16, 24),
            "strides": (2, 1, 1, 1), "pools": "0011"}),
        _preset("sdt-dvs", "nmnist", "spike_driven", EVENTS | {
            "dim": 24, "blocks": 1, "hidden": 48, "widths": (8, 8, 16, 24),
            "strides": (2, 1, 1, 1), "pools": "0111", "dilate": True}),
        _preset("sdt-plif", "fashion-mnist", "spike_driven", GREY | {
            "steps": 2, "dim": 24, "blocks": 1, "hidden": 48, "widths": (8, 8, 16, 24),
            "strides": (2, 1, 1, 1), "pools": "0011", "plif": True}, bits=8),
    ),
    "Meta-SpikeFormer (SDT V2)": (
        _preset("meta-spikeformer", "fashion-mnist", "meta_spikeformer", GREY | {
            "stages": STAGES, "heads": 2, "kernel": 5, "conv_ratio": 2, "mlp_ratio": 2}, bits=8),
    ),
    "SDT V3 (E-SpikeFormer)": (
        _preset("sdt-v3", "fashion-mnist", "spike_driven_v3", GREY | {
            "stages": WIDE, "heads": 2, "kernel": 5, "conv_ratio": 2, "mlp_ratio": 2}),
        _preset("sdt-v3-d8", "cifar10", "spike_driven_v3", COLOUR | {
            "stages": WIDE, "heads": 2, "kernel": 5, "conv_ratio": 2, "mlp_ratio": 2,
            "levels": 8, "half_even": False}, bits=8),
    ),
    "QKFormer": (
        _preset("qkformer", "cifar10", "qkformer", COLOUR | {
            "steps": 2, "widths": (8, 12, 24), "depths": (1, 1, 1), "heads": 4, "mlp_ratio": 2,
            "stride": 2}),
        _preset("qkformer-channel", "mnist", "qkformer", GREY | {
            "steps": 2, "widths": (8, 24), "depths": (1, 1), "heads": 2, "mlp_ratio": 2,
            "stride": 2, "attention": "channel"}, recipe="slow"),
    ),
    "Max-Former": (
        _preset("max-former", "fashion-mnist", "max_former", GREY | {
            "steps": 2, "widths": (8, 12, 24), "depths": (1, 1, 1),
            "mixers": ("identity", "depthwise", "attention"), "heads": 2, "mlp_ratio": 2,
            "stride": 2}, recipe="slow"),
    ),
    "QSD-Transformer": (
        _preset("qsd", "mnist", "qsd", GREY | {
            "stages": STAGES, "heads": 2, "kernel": 5, "conv_ratio": 2, "mlp_ratio": 2}),
    ),
    "Parallel spiking neurons": (
        _preset("psn", "fashion-mnist", "parallel_net", GREY | {
            "steps": 4, "widths": (8, 16, 24), "pools": "011", "map_size": 3, "hidden": 48,
            "stride": 2}),
        _preset("psn-sliding", "nmnist", "parallel_net", EVENTS | {
            "widths": (8, 16, 24), "pools": "111", "map_size": 2, "hidden": 48, "stride": 2,
            "order": 2, "sliding": True}),
        _preset("psn-transformer", "fashion-mnist", "parallel_transformer", GREY | {
            "steps": 4, "widths": (8, 16, 24), "heads": 2, "blocks": 1, "hidden": 48,
            "order": 2}),
    ),
    "VGG of IIR-SNN": (
        _preset("vgg", "cifar10", "vgg", COLOUR | {
            "layers": (12, "A", 16, 24, "A"), "map_size": 4, "hidden": 32, "stride": 2}),
    ),
    "MS-ResNet": (
        _preset("ms-resnet", "fashion-mnist", "ms_resnet", GREY | {
            "steps": 2, "widths": (8, 16, 24), "depths": (1, 1, 1), "stride": 2}),
    ),
    "SEW-ResNet": (
        _preset("sew-resnet", "cifar10", "sew_resnet", COLOUR | {
            "steps": 2, "widths": (8, 16, 24), "depths": (1, 1, 1), "stride": 2}),
    ),
    "SpikeDHS": (
        _preset("spike-dhs", "fashion-mnist", "spike_dhs", GREY | {
            "steps": 2, "stem": 8, "cells": ((8, 0), (12, 1), (8, 0)),
            "edges": ((0, 1), (0, 2), (1, 3)), "stride": 2}, recipe="slow"),
    ),
    "T-RevSNN": (
        _preset("t-revsnn", "mnist", "rev_snn", GREY | {
            "widths": (8, 16, 24), "columns": 2, "stem_padding": 4}, bits=8),
    ),
})
"""The presets of each published system; the first is its main one."""

ZOO: Mapping[str, Preset] = MappingProxyType({
    preset.name: preset for presets in SYSTEMS.values() for preset in presets})
"""By name."""
