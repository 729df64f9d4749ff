"""The front door for models of SpikingJelly: a really trained one loses next to nothing."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate
from torch import nn

import spikeloom
from golden.data import load
from golden.run import logits
from spikeloom.capturing import Captured, Quantized
from tests.golden.foreign import compare

STEPS = 4


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def model(digits) -> nn.Module:
    """Trained for seconds with SpikingJelly, as its tutorials do."""
    torch.manual_seed(0)
    options = {"surrogate_function": surrogate.ATan(), "detach_reset": True}
    net = nn.Sequential(
        layer.Conv2d(1, 16, 3, padding=1, bias=False), layer.BatchNorm2d(16),
        neuron.LIFNode(**options), layer.MaxPool2d(2, 2),
        layer.Conv2d(16, 32, 3, padding=1, bias=False), layer.BatchNorm2d(32),
        neuron.LIFNode(**options), layer.Flatten(),
        layer.Linear(512, 32, bias=False), neuron.IFNode(**options), layer.Linear(32, 10))
    functional.set_step_mode(net, "m")
    images = torch.from_numpy(digits.train_images).float() / 255
    labels = torch.from_numpy(digits.train_labels).long()
    optimizer = torch.optim.AdamW(net.parameters(), 3e-3)
    for _ in range(6):
        for chosen in torch.randperm(len(images)).split(64):
            functional.reset_net(net)
            out = net(images[chosen].unsqueeze(0).repeat(STEPS, 1, 1, 1, 1)).mean(0)
            loss = nn.functional.cross_entropy(out, labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return net.eval()


@pytest.fixture(scope="module")
def captured(model, digits) -> Captured:
    return spikeloom.capture(model, digits.train_images[:256], steps=STEPS)


@pytest.fixture(scope="module")
def quantized(captured) -> Quantized:
    return captured.quantize()


def test_eight_bits_lose_at_most_half_a_point(captured, model, quantized, digits):
    _, theirs, spikes = compare(model, captured.net, digits.test_images, STEPS)
    assert sum(a.numel() for a, _ in spikes.values()) > 100_000
    trained = float(np.mean(theirs.argmax(1).numpy() == digits.test_labels))
    before, after = quantized.accuracies(digits.test_images, digits.test_labels)
    assert trained > 0.93 and abs(before - trained) <= 1 / len(digits.test_labels)
    assert after >= before - 0.005
    graph = quantized.graph("mine", {"dataset": "digits"})
    found = logits(graph, digits.test_images).argmax(1)
    assert np.mean(found == digits.test_labels) == pytest.approx(after)


def test_report_on_layers(quantized):
    reports = {report.name: report for report in quantized.layers()}
    assert [*reports] == [node.name for node in quantized.graph().nodes]
    assert reports["layer_0"].weight_bits == 8 and reports["layer_0"].spike_rate is None
    for name in ("layer_2", "layer_6", "layer_9"):
        assert 0 < reports[name].spike_rate < 1 and reports[name].agreement > 0.9
        assert (reports[name].low, reports[name].high) == (0, 1)


def test_fewer_bits_with_training(captured, digits):
    small = captured.quantize(2, layer_bits={"layer_10": 8})
    bits = {report.weight_bits for report in small.layers()}
    assert bits == {2, 8, None}
    history = small.finetune(digits.train_images, digits.train_labels, epochs=3)
    _, after = small.accuracies(digits.test_images, digits.test_labels)
    assert len(history) == 3 and history[-1].loss < history[0].loss and after > 0.93
    assert {int(np.abs(node.op.weight).max()) for node in small.graph().nodes
            if node.name == "layer_4"} == {1}
    with pytest.raises(ValueError, match="at least 20 images, each with its label, not 5 images"):
        small.finetune(digits.train_images[:5], digits.train_labels[:4])


def test_one_call(model, digits):
    images, labels = digits.train_images[:64], digits.train_labels[:64]
    graph = spikeloom.quantize(model, images, steps=STEPS, labels=labels, scale=1 / 255)
    assert graph.name == "sequential" and graph.encoding.scale.denominator == 255
    assert graph.notes["accuracy_float"] > 0.9 and graph.notes["accuracy_integer"] > 0.9
    assert logits(graph, images).shape == (64, 10)
    with pytest.raises(TypeError, match="steps, scale is for a model of another library"):
        spikeloom.quantize("digits", steps=4, scale=1)


def test_what_cannot_be_captured(digits):
    with pytest.raises(ValueError, match="1: a sigmoid's gate depends on the data"):
        spikeloom.quantize(nn.Sequential(nn.Conv2d(1, 2, 8), nn.Sigmoid(), nn.Flatten()),
                           digits.train_images[:8])
