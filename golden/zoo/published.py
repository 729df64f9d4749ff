"""Weights of published checkpoints in nets of the same architecture and sizes."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from golden.layers import Lif, Weights
from golden.net import Net

__all__ = ["load_published"]

NORM = ("weight", "bias", "running_mean", "running_var")
"""What a published batch norm has, as ours are named: gain, bias, mean and variance."""

COUNTER = "num_batches_tracked"
"""What else it has, of no influence on what it computes."""


@torch.no_grad()
def load_published(net: Net, state: Mapping[str, Tensor]) -> list[str]:
    """Fill ``net`` with a published state dict, and return the keys that it has no use for.

    Each layer's ``source`` says where its weights lie. A convolution's bias before a batch norm
    moves into that norm's mean. Nothing is written unless everything is there.

    Published code: ``spikformer`` from ZK-Zhou/spikformer, ``spike_driven`` from
    BICLab/Spike-Driven-Transformer, ``qkformer`` from zhouchenlin2096/QKFormer, ``spikingformer``
    from zhouchenlin2096/Spikingformer; each the model for CIFAR-10.

    Raises
    ------
    ValueError
        For a net of another architecture, or a tensor of another shape.
    KeyError
        For missing keys; lists them all.
    """
    layers = {name: layer for name, layer in net.layers.items() if isinstance(layer, Weights)}
    if unpublished := [name for name, layer in layers.items() if not layer.source]:
        raise ValueError(f"Layer {unpublished[0]!r} has no place in a published checkpoint")
    if learned := [name for name, layer in net.layers.items()
                   if isinstance(layer, Lif) and layer.decay is not None]:
        raise ValueError(f"Neurons {learned[0]!r} learn a time constant, which is not read from "
                         "published checkpoints")
    wanted = [key for layer in layers.values() for key in _keys(layer)]
    if missing := [key for key in wanted if key not in state]:
        raise KeyError(f"The published checkpoint lacks {', '.join(missing)}")
    filled = {name: _tensors(layer, state) for name, layer in layers.items()}
    for name, tensors in filled.items():
        for own, value in tensors.items():
            getattr(layers[name], own).copy_(value)
    used = {*wanted, *(key for layer in layers.values() for key in _optional(layer))}
    return sorted(set(state) - used)


def _pairs(layer: Weights) -> Iterator[tuple[str, ...]]:
    """Convolution and batch norm of each published layer that this one is made of."""
    for pair in (layer.source,) if isinstance(layer.source[0], str) else layer.source:
        yield tuple(str(part) for part in pair)


def _keys(layer: Weights) -> Iterator[str]:
    for conv, *norm in _pairs(layer):
        yield f"{conv}.weight"
        if not norm and layer.bias is not None:
            yield f"{conv}.bias"
        yield from (f"{norm[0]}.{part}" for part in NORM if norm)


def _optional(layer: Weights) -> Iterator[str]:
    for conv, *norm in _pairs(layer):
        yield f"{conv}.bias"
        yield from (f"{part}.{COUNTER}" for part in norm)


def _tensors(layer: Weights, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By our names, what a layer gets from its published ones, side by side."""
    pairs = list(_pairs(layer))
    outputs = layer.outputs // len(pairs)
    weights, biases = [], []
    for conv, *_ in pairs:
        weight = state[f"{conv}.weight"]
        shape = (outputs, *layer.weight.shape[1:])
        if weight.shape[:2] != shape[:2] or weight.numel() != shape[0] * shape[1] * (
                shape[2] * shape[3]):
            raise ValueError(f"{conv}.weight is {list(weight.shape)}, not {list(shape)}")
        weights.append(weight.reshape(shape))
        biases.append(state.get(f"{conv}.bias", torch.zeros(outputs)))
    if not layer.norm:
        return {"weight": torch.cat(weights), "bias": torch.cat(biases)}
    gain, bias, mean, variance = (
        torch.cat([_sized(state, f"{norm}.{part}", outputs) for _, norm in pairs])
        for part in NORM)
    return {"weight": torch.cat(weights), "gain": gain, "bias": bias,
            "mean": mean - torch.cat(biases), "variance": variance}


def _sized(state: Mapping[str, Tensor], key: str, outputs: int) -> Tensor:
    if state[key].shape != (outputs,):
        raise ValueError(f"{key} is {list(state[key].shape)}, not {[outputs]}")
    return state[key]
