"""From recorded nodes to a trainable network."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Generator

from golden import layers
from golden.capture.errors import CaptureError
from golden.capture.nodes import Node
from golden.capture.rewrite import ordered
from golden.layers import Layer
from golden.net import Net
from ir import IMAGE
from ir.ops import Reset

__all__ = ["build", "time_steps"]

NAMED_BY_MODULE = ("Conv", "DepthwiseConv", "Lif", "LevelLif", "ParallelNeuron")
"""Layers that are modules; others are named by the module that computed them and what they do."""


def build(net: Net, output: Node) -> None:
    """Adds what makes an output to a net; raises CaptureError where time steps are missing."""
    nodes = ordered(output)
    steps = time_steps(nodes)
    names = {id(node): IMAGE for node in nodes if node.op == IMAGE}
    repeats: dict[int, str] = {}
    for node in nodes:
        if node.op == IMAGE:
            continue
        inputs = []
        for source in node.inputs:
            name = names[id(source)]
            if source.static and not node.static and steps > 1:
                if id(source) not in repeats:
                    repeats[id(source)] = net.add(_free(net, f"{name}_repeat"),
                                                  layers.Repeat(steps), name)
                name = repeats[id(source)]
            inputs.append(name)
        try:
            names[id(node)] = net.add(_free(net, _name(node)), _layer(node, steps), *inputs)
        except ValueError as error:
            raise CaptureError(str(error), node.path) from error


def time_steps(nodes: list[Node]) -> int:
    """How many time steps the network has; every node must have been computed for all of them."""
    steps = max((len(node.blocks) for node in nodes if not node.static), default=1)
    for node in nodes:
        if not node.static and sorted(node.blocks) != list(range(steps)):
            raise CaptureError(f"is computed at time steps {sorted(node.blocks)} of {steps}",
                               node.path)
        if node.op == "TimeSum" and node.params["steps"] != steps:
            raise CaptureError(f"sums {node.params['steps']} of {steps} time steps", node.path)
    return steps


def _name(node: Node) -> str:
    name = node.path.replace(".", "_")
    if node.op not in NAMED_BY_MODULE or not name:
        kind = "".join(f"_{c.lower()}" if c.isupper() else c for c in node.op)
        name = f"{name}{kind}".strip("_")
    name = "".join(c if c.isalnum() else "_" for c in name)
    return name if name.isidentifier() and not name.startswith("_") else f"layer_{name}"


def _free(net: Net, name: str) -> str:
    taken, number, result = {IMAGE, *net.layers}, 1, name
    while result in taken:
        number += 1
        result = f"{name}_{number}"
    return result


def _layer(node: Node, steps: int) -> Layer:
    make = MAKERS.get(node.op)
    return make(node, steps) if make else getattr(layers, node.op)(**node.params)


def _weights(node: Node, steps: int) -> Layer:
    params: Mapping[str, Any] = node.params
    shape = {name: params[name] for name in ("kernel", "stride", "padding")}
    generator, weight = Generator(), params["weight"]
    layer = (layers.Conv(weight.shape[1], len(weight), generator=generator, norm=False, **shape)
             if node.op == "Conv" else
             layers.DepthwiseConv(len(weight), generator=generator, norm=False, bias=True,
                                  **shape))
    with torch.no_grad():
        layer.weight.copy_(weight)
        assert layer.bias is not None, "asked for"
        layer.bias.copy_(params["bias"])
    return layer


def _lif(node: Node, steps: int) -> Layer:
    params = dict(node.params)
    soft = params.pop("soft")
    return layers.Lif(reset=Reset.BY_THRESHOLD if soft else Reset.TO_ZERO, **params)


def _parallel(node: Node, steps: int) -> Layer:
    order, sliding = node.params["order"], node.params["sliding"]
    order = None if order is None else min(order, steps)
    layer = layers.ParallelNeuron(steps, order=order, sliding=sliding)
    weight, bias = node.params["weight"], node.params["bias"]
    with torch.no_grad():
        layer.weight.copy_(weight[-len(layer.weight):] if sliding else weight)
        layer.threshold.copy_(-bias)
    return layer


def _sum(node: Node, steps: int) -> Layer:
    return getattr(layers, node.op)(mean=node.params["mean"])


def _attention(node: Node, steps: int) -> Layer:
    return layers.SelfAttention(scale=1.0, **node.params)


MAKERS: dict[str, Callable[[Node, int], Layer]] = {
    "Conv": _weights, "DepthwiseConv": _weights, "Lif": _lif, "ParallelNeuron": _parallel,
    "SelfAttention": _attention, "TimeSum": _sum, "TokenSum": _sum}
