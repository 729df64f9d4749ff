"""Every architecture builds, becomes integers, and its graph computes exactly those."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from golden.checkpoints import load_checkpoint
from golden.layers import Lif, Weights, settle
from golden.net import Net
from golden.quantize import QuantizedNet, Scheme, quantize
from golden.run import trace
from golden.zoo import ARCHITECTURES
from golden.zoo.presets import SYSTEMS, ZOO
from ir import Graph, ops

PAGE = (Path(__file__).parents[2] / "docs" / "zoo.md").read_text()

GREY = {"channels": 1, "height": 16, "width": 16, "classes": 4}
EVENTS = {"channels": 2, "height": 16, "width": 16, "classes": 4, "steps": 3, "events": 7}
TRANSFORMER = {"heads": 2, "blocks": 1, "dim": 8, "hidden": 12}
STAGES = ((5, 2, 4, 1, 0), (3, 2, 8, 0, 1))
META = {"stages": STAGES, "heads": 2, "kernel": 3, "conv_ratio": 2, "mlp_ratio": 2}

OPTIONS = {
    "sdsa1": ("meta_spikeformer", GREY | META | {"attention": "sdsa1", "steps": 2}),
    "sdsa2": ("meta_spikeformer", GREY | META | {"attention": "sdsa2", "steps": 2}),
    "sdsa3 on events": ("meta_spikeformer", EVENTS | META),
    "plif that spreads": ("spike_driven", EVENTS | {
        "dim": 8, "blocks": 1, "widths": (4, 4, 4, 8), "plif": True, "dilate": True}),
    "levels rounded up": ("spike_driven_v3", GREY | META | {"half_even": False, "levels": 8}),
    "cml on images": ("spikingformer", GREY | TRANSFORMER | {
        "steps": 2, "cml": True, "widths": (4, 4, 4, 4, 8)}),
    "three stages of channel attention": ("qkformer", GREY | {
        "steps": 2, "widths": (4, 4, 8), "depths": (1, 1, 1), "heads": 2, "mlp_ratio": 1,
        "attention": "channel"}),
    "masked psn": ("parallel_net", GREY | {
        "steps": 3, "widths": (4, 4), "pools": "11", "map_size": 4, "hidden": 8, "order": 2}),
    "sliding psn": ("parallel_transformer", GREY | {
        "steps": 3, "widths": (4, 8), "heads": 2, "blocks": 1, "hidden": 8, "order": 2,
        "sliding": True}),
    "vgg over time": ("vgg", GREY | {
        "steps": 3, "layers": (4, "A", 4, "A"), "map_size": 4, "hidden": 8}),
    "patches, one block after the other": ("patch_transformer", GREY | {
        "stem": ((5, 4, 2, 4), (3, 2, 1, 8)), "blocks": 2, "hidden": 12, "pooled": True}),
    "patches of pixels of one bit": ("patch_transformer", GREY | {
        "stem": ((4, 4, 0, 8),), "blocks": 1, "hidden": 12, "query": 4, "parallel": True,
        "grey_levels": 2}),
    "three columns": ("rev_snn", GREY | {
        "widths": (4, 4, 8, 8), "columns": 3, "stem_kernel": 3, "stem_stride": 2, "kernel": 3}),
}

LEAST = {"mnist": 0.95, "fashion-mnist": 0.82, "cifar10": 0.4, "nmnist": 0.7}
"""Accuracy on the whole test set that each preset has at least."""


def enlivened(net: Net, images: torch.Tensor) -> Net:
    """Biases that make untrained neurons fire here and there, and settled batch norms."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in net.layers.values():
            if isinstance(layer, Weights) and layer.norm:
                assert layer.bias is not None
                layer.bias.copy_(0.7 + 0.4 * torch.randn(layer.outputs, generator=generator))
            elif isinstance(layer, Lif) and layer.decay is not None:
                layer.decay.fill_(-0.4)
    settle(net, images, batch=8)
    return net.eval()


def pictures(net: Net, count: int) -> torch.Tensor:
    """Patches of several brightnesses."""
    rng = np.random.default_rng(0)
    shape = net.image.shape if net.image.steps > 1 else net.image.shape[1:]
    coarse = rng.integers(0, net.image.interval.high + 1,
                          (count, *shape[:-2], -(-shape[-2] // 4), -(-shape[-1] // 4)))
    fine = coarse.repeat(4, -2).repeat(4, -1)[..., :shape[-2], :shape[-1]]
    return torch.from_numpy((fine * (rng.random((count, *shape)) < 0.7)).astype(np.uint8))


def compare(model: QuantizedNet, images: torch.Tensor) -> Graph:
    """The graph of a quantised net, which made the same integers in every tensor."""
    found: dict[str, np.ndarray] = {}

    def record(name: str, x: torch.Tensor) -> None:
        found[name] = x.permute(1, 0, 4, 2, 3).to(torch.int64).numpy()

    with torch.no_grad():
        model(images, record)
    graph = model.graph()
    expected = trace(graph, images.numpy())
    assert set(found) == {node.name for node in graph.nodes}
    compared = 0
    for node in graph.nodes:
        np.testing.assert_array_equal(found[node.name], expected[node.name], err_msg=node.name)
        compared += found[node.name].size
    assert compared == len(images) * sum(graph.types[node.name].values for node in graph.nodes)
    neurons = [node.name for node in graph.nodes
               if isinstance(node.op, ops.Lif | ops.LevelLif | ops.ParallelNeuron)]
    active = [name for name in neurons if expected[name].any()]
    assert len(active) > 0.7 * len(neurons), set(neurons) - set(active)
    return graph


@pytest.mark.parametrize("name", OPTIONS)
def test_options_become_the_graph_that_computes_them(name):
    architecture, arguments = OPTIONS[name]
    net = ARCHITECTURES[architecture](**arguments)
    images = pictures(net, 24)
    model = quantize(enlivened(net, images), images, scheme=Scheme(weight_bits=8))
    compare(model, images[:2])


@pytest.mark.parametrize("name", ZOO)
def test_presets_become_the_graph_that_computes_them(name):
    net = ZOO[name].net()
    images = pictures(net, 24)
    compare(quantize(enlivened(net, images), images, scheme=ZOO[name].scheme), images[:2])


@pytest.mark.parametrize("name", ZOO)
def test_arguments_are_json_that_builds_the_net_again(name):
    net = ZOO[name].net(seed=3)
    arguments = json.loads(json.dumps(net.arguments))
    again = ARCHITECTURES[net.architecture](**arguments)
    assert arguments["seed"] == 3
    assert again.inputs == net.inputs
    assert again.shapes == net.shapes
    assert len(net.state_dict()) > 4
    for key, value in again.state_dict().items():
        assert torch.equal(value, net.state_dict()[key]), key


def test_every_architecture_has_a_preset():
    trained = {preset.architecture for preset in ZOO.values()}
    assert trained == set(ARCHITECTURES) - {"spiking_transformer", "patch_transformer",
                                            "searched"}
    assert sum(len(presets) for presets in SYSTEMS.values()) == len(ZOO)


@pytest.mark.parametrize("name", ZOO)
def test_shipped_checkpoints_are_what_the_preset_says(name):
    preset = ZOO[name]
    model, notes = load_checkpoint(preset.float_checkpoint)
    quantized, integer_notes = load_checkpoint(preset.quantized_checkpoint)
    assert isinstance(quantized, QuantizedNet)
    assert model.arguments == quantized.arguments == preset.net(int(notes["seed"])).arguments
    assert quantized.scheme == preset.scheme
    assert notes["parameters"] == sum(p.numel() for p in model.parameters()) < 60_000
    assert integer_notes["command"] == preset.command
    assert integer_notes["accuracy_test"] >= LEAST[preset.dataset]
    compare(quantized, pictures(quantized, 2))


@pytest.mark.parametrize("name", ZOO)
def test_the_page_says_what_the_checkpoints_say(name):
    found = re.search(rf"^\| `{name}` \|(.*)\|$", PAGE, re.MULTILINE)
    assert found, f"docs/zoo.md has no row for preset {name}"
    preset, (_, notes) = ZOO[name], load_checkpoint(ZOO[name].float_checkpoint)
    _, integers = load_checkpoint(preset.quantized_checkpoint)
    assert [cell.strip() for cell in found[1].split("|")] == [
        preset.dataset, str(notes["steps"]), f"{notes['parameters']:,}",
        str(preset.scheme.weight_bits), f"{100 * notes['accuracy_test']:.2f} %",
        f"{100 * integers['accuracy_test']:.2f} %"]


def test_shipped_checkpoints_are_small():
    files = [path for preset in ZOO.values()
             for path in (preset.float_checkpoint, preset.quantized_checkpoint)]
    assert sum(path.stat().st_size for path in files) < 4_000_000
