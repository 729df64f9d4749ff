import numpy as np
import pytest
import torch

import spikeloom
from golden.data import load
from golden.net import Net
from golden.presets import PRESETS
from golden.quantize import quantize as quantize_model
from golden.run import logits
from golden.zoo.spiking_transformer import spiking_transformer
from ir.folder import digest
from ir.ops import Conv

IMAGES = np.random.default_rng(5).integers(0, 256, (20, 1, 6, 6), dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> Net:
    return spiking_transformer(channels=1, height=6, width=6, classes=3, steps=2, stem=(4,),
                               strides=(1, 2), dim=8, blocks=1, hidden=8, seed=1).eval()


def weight_bits(graph) -> set[int]:
    return {node.op.weight_bits for node in graph.nodes if isinstance(node.op, Conv)}


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_a_model_of_ones_own(model, bits):
    graph = spikeloom.quantize(model, IMAGES, weight_bits=bits)
    assert bits in weight_bits(graph)
    assert logits(graph, IMAGES).shape == (20, 3)


def test_integers_are_the_trained_model_s_own(model):
    quantized = quantize_model(model, IMAGES, 4)
    graph = spikeloom.quantize(quantized, name="mine")
    assert graph.name == "mine"
    with torch.no_grad():
        expected = quantized(torch.from_numpy(IMAGES)).argmax(1).numpy()
    assert np.array_equal(logits(graph, IMAGES).argmax(1), expected)


def test_what_cannot_be_quantised(model):
    with pytest.raises(ValueError, match="Quantising a float model needs calibration images"):
        spikeloom.quantize(model)
    with pytest.raises(TypeError, match="quantize takes a Net, a SpikingJelly model, a preset's"):
        spikeloom.quantize(5, IMAGES)
    with pytest.raises(ValueError, match="1: softmax has no integer form here"):
        spikeloom.quantize(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Softmax(1)), IMAGES)
    with pytest.raises(ValueError, match="There is no preset 'digit'; there are digits"):
        spikeloom.quantize("digit")
    with pytest.raises(ValueError, match="was trained on weights of 4 bits; quantise the float"):
        spikeloom.quantize(quantize_model(model, IMAGES, 4), weight_bits=3)


def test_a_preset_comes_as_it_ships():
    graph = spikeloom.quantize("digits")
    assert graph.name == graph.notes["preset"] == "digits"
    assert digest(graph) == digest(spikeloom.quantize(PRESETS["digits"].quantized_checkpoint,
                                                      name="digits"))


def test_a_preset_with_other_bits_is_made_of_its_float_model():
    images = load("digits").train_images[:64]
    graph = spikeloom.quantize("digits", images, weight_bits=3)
    assert 3 in weight_bits(graph)
    assert digest(graph) != digest(spikeloom.quantize("digits"))


def test_the_front_door_names_what_it_has():
    assert {"quantize", "generate", "Design"} <= set(dir(spikeloom))
    with pytest.raises(AttributeError, match="has no attribute 'quantise'; it has Design"):
        assert spikeloom.quantise
