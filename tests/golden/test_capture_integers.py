"""Captured networks on integers: quantised network, graph and kernels are one."""

import numpy as np
import pytest
import torch

from golden.capture import capture
from golden.quantize import quantize
from golden.run import trace
from tests.golden.foreign import LIBRARY, USERS, dyadic, images


def _check(model, pixels, steps=None):
    net = capture(model, pixels, scale=1 / 256, steps=steps)
    quantized = quantize(net, pixels, 8)
    graph = quantized.graph()
    shown: dict[str, torch.Tensor] = {}
    quantized(torch.from_numpy(pixels[:2]), shown.__setitem__)
    tensors = trace(graph, pixels[:2])
    assert shown.keys() == {node.name for node in graph.nodes}
    for name, values in shown.items():
        expected = values.detach().permute(1, 0, 4, 2, 3).numpy()
        assert expected.size and np.array_equal(tensors[name], expected), name
    return net, quantized


@pytest.mark.parametrize("name", [name for name in LIBRARY if name != "SpikeDHS"])
def test_the_librarys_models(name):
    size, make = LIBRARY[name]
    _check(dyadic(make()), images(size))


@pytest.mark.parametrize("name", ["several steps", "integer", "parametric", "sliding PSN",
                                  "mixture"])
def test_networks_of_its_layers(name):
    make, steps = USERS[name]
    _check(dyadic(make()), images(16), steps)


def test_eight_bits_of_weights_say_nearly_the_same():
    size, make = LIBRARY["SpikeDrivenTransformer"]
    pixels = images(size, count=64)
    net, quantized = _check(dyadic(make()), pixels)
    with torch.no_grad():
        wanted = net.eval()(torch.from_numpy(pixels))
        found = quantized(torch.from_numpy(pixels))
    assert float((wanted.argmax(1) == found.argmax(1)).float().mean()) > 0.9
