"""Operations counted here are those that SpikingJelly counts on the same float model."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional
from spikingjelly.activation_based.op_counter import DispatchCounterMode, MACCounter, SynOpCounter

from golden.capture import capture
from golden.capture.capture import encoded, run
from golden.quantize import quantize
from ir.ops import Conv, DepthwiseConv, SelfAttention
from spikeloom.energy import Counting, model_energy
from tests.golden.foreign import LIBRARY, USERS, dyadic, images

IMAGES = 2
LARGER = {"MaxFormer": 32}
"""Of one token, SpikingJelly takes K^T V for spikes: several tokens are needed."""


def counted(model, net, pixels, steps) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """SpikingJelly's synaptic operations and multiplications per image, by module."""
    functional.reset_net(model)
    counters = [SynOpCounter(), MACCounter(
        extra_ignore_modules=[torch.nn.BatchNorm1d, torch.nn.BatchNorm2d])]
    with torch.no_grad(), DispatchCounterMode(counters):
        run(model.eval(), encoded(torch.from_numpy(pixels), net.encoding), steps)
    synaptic, products = ({named(name.partition(".")[2]): sum(found.values()) / IMAGES
                           for name, found in counter.get_counts().items() if "." in name}
                          | {"": counter.get_total() / IMAGES} for counter in counters)
    return synaptic, products


def named(path: str) -> str:
    """The graph's name of a module."""
    return ("layer_" if path[:1].isdigit() else "") + path.replace(".", "_")


def float_trace(net, graph, pixels) -> Mapping[str, np.ndarray]:
    """The float model's own tensors, by the graph's names."""
    tensors = {"image": pixels[:, None]}
    net.eval()(torch.from_numpy(pixels), lambda name, x: tensors.__setitem__(
        name, x.detach().permute(1, 0, 4, 2, 3).numpy().copy()))
    return {name: tensors[name].astype(np.int64) for name in graph.types}


def is_layer(op) -> bool:
    """Whether the model has it as a layer; a depthwise kernel of one weight is a mere factor."""
    return isinstance(op, Conv | SelfAttention) or isinstance(op, DepthwiseConv) and op.kernel > 1


@pytest.mark.parametrize("name", ["Spikformer", "SpikeDrivenTransformer", "MaxFormer",
                                  "several steps"])
def test_operations_are_those_of_the_library(name):
    size, make, steps = (*LIBRARY[name], None) if name in LIBRARY else (16, *USERS[name])
    model, pixels = dyadic(make()), images(LARGER.get(name, size))
    net = capture(model, pixels, scale=1 / 256, steps=steps)
    graph = quantize(net, pixels, 8).graph()
    few = pixels[:IMAGES]
    ops = {node.name: node.op for node in graph.nodes}
    energy = model_energy(graph, float_trace(net, graph, few))
    layers = {layer.name: layer for layer in energy.layers if is_layer(ops[layer.name])}
    synaptic, products = counted(model, net, few, steps)
    alike = layers.keys() & synaptic.keys()
    assert alike
    for layer in alike:
        assert layers[layer].acs == synaptic[layer], layer
    assert sum(layer.acs for layer in layers.values()) == synaptic[""] > 0
    # the head reads a sum over time here, and every time step there
    multiplied = {layer: found.operations(Counting.PAPERS_MAC)[0]
                  for layer, found in layers.items() if layer != "head"}
    assert sum(multiplied.values()) == products[""] - products.get("head", 0) > 0
