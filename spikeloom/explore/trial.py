"""One trial, cheap: a slice of the supernet, little training, cost models for the circuit."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from golden.data import Dataset, load
from golden.fit import Recipe, evaluate
from golden.layers import Weights
from golden.net import Net
from golden.quantize import ACTIVITY, QuantizedNet, Scheme, finetune, quantize
from golden.run import trace
from golden.supernet import SUPERNETS, load_supernet
from golden.train import CALIBRATION, split
from hdl.timing import timing
from ir import Graph
from spikeloom.design import Design, generate
from spikeloom.energy import INT8, model_energy
from spikeloom.energy.conventions import MODELLED
from spikeloom.errors import TargetTooSmall
from spikeloom.explore.space import Space

__all__ = ["Row", "design_of", "energy_of", "judge", "network_of", "pictures"]

Row = dict[str, Any]
"""What is known of a trial, as JSON has it."""

SETTLING = 1024
"""Training images that batch norms settle on."""

GROUPS = {"stem": "bits_stem", "head": "bits_head", "_qkv": "bits_attention",
          "_mix": "bits_attention", "_proj": "bits_attention", "_fc": "bits_mlp"}
"""Whose bits a layer has, by a part of its name."""

Pictures = tuple[Tensor, Tensor]


@lru_cache(maxsize=1)
def pictures(supernet: str, data_dir: str | None) -> tuple[Dataset, Pictures, Pictures]:
    """The data set of a supernet, its training images, and those that are held out."""
    if supernet in SUPERNETS:
        preset = SUPERNETS[supernet]
        name, held = preset.dataset, preset.validation
    else:
        notes = load_supernet(supernet)[1]
        name, held = str(notes["dataset"]), int(notes["validation"])
    dataset = load(name, data_dir)
    return dataset, *split(dataset, held)


def network_of(space: Space, point: Mapping[str, Any], training: Pictures, held: Pictures, *,
               epochs: int) -> QuantizedNet:
    """The network of a point on integers, trained on for some epochs; always the same one."""
    torch.set_num_threads(1)  # sums in one order, however many workers share the machine
    net = space.weights().subnet(point, training[0][:SETTLING])
    scheme = Scheme(layer_bits=layer_bits(net, point))
    result = quantize(net, training[0][:CALIBRATION], scheme=scheme)
    recipe = Recipe(epochs=epochs, batch=space.trial.batch, weight_decay=0.0,
                    learning_rate=space.trial.learning_rate)
    if space.supernet in SUPERNETS:
        recipe = replace(recipe, augmentation=SUPERNETS[space.supernet].recipe.augmentation)
    finetune(result, recipe, training, held)
    result.measure(training[0][:ACTIVITY])
    return result


def layer_bits(net: Net, point: Mapping[str, Any]) -> dict[str, int]:
    """Bits of each layer of weights, by its group."""
    return {name: point[next(axis for part, axis in GROUPS.items() if part in name)]
            for name, layer in net.named_layers() if isinstance(layer, Weights)}


def design_of(graph: Graph, point: Mapping[str, Any], images: np.ndarray) -> Design:
    """The circuit of a point: as fast as its target can hold, or ``slack`` times slower and small.

    Raises TargetTooSmall where the target holds none.
    """
    target, clock = point["target"], float(point["clock_mhz"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", TargetTooSmall)
        fastest = generate(graph, target, clock_mhz=clock, calibration=images)
        if point["slack"] == 1 or fastest.explanation is None:
            return fastest
        fps = fastest.explanation.fps / point["slack"]
        return generate(graph, target, fps=fps, clock_mhz=clock, calibration=images)


def energy_of(graph: Graph, tensors: Mapping[str, np.ndarray]) -> float:
    """Modelled microjoules per image: operations and reading the weights, 45 nm int8."""
    energy = model_energy(graph, tensors)
    return (energy.nanojoules(INT8) + energy.memory_nanojoules(INT8)) / 1000


def judge(space: Space, point: Mapping[str, Any], data_dir: str | None) -> Row:
    """Everything about a point that is cheap to know: accuracy measured, the circuit estimated.

    A point that is no circuit has a ``reason`` instead of figures.
    """
    _, training, held = pictures(space.supernet, data_dir)
    rules = space.trial
    held = held[0][:rules.held_out], held[1][:rules.held_out]
    training = training[0][:rules.images], training[1][:rules.images]
    try:
        model = network_of(space, point, training, held, epochs=rules.epochs)
        graph = model.graph(space.name)
        images = held[0][:rules.timed].numpy()
        design = design_of(graph, point, images)
    except (ValueError, TargetTooSmall) as error:
        return {"point": dict(point), "reason": str(error).partition("\n")[0]}
    tensors = trace(graph, images)
    cycles, cost = timing(graph, design.foldings, tensors), design.cost()
    return {
        "point": dict(point), "accuracy": evaluate(model, *held), "images": len(held[0]),
        "energy_uj": energy_of(graph, tensors), "energy_kind": MODELLED,
        "latency_us": cycles.latency_cycles / float(point["clock_mhz"]),
        "cycles_per_image": cycles.cycles_per_image, "luts": cost.area.luts,
        "brams": cost.area.brams, "circuit_kind": cost.kind,
        "parameters": sum(p.numel() for p in model.parameters())}
