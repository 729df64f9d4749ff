"""Captured networks compute what the SpikingJelly models compute, spike for spike."""

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron

from golden.capture import capture
from tests.golden.foreign import LIBRARY, USERS, compare, dyadic, images, simple

SCALE = Fraction(1, 256)


def _check(model, pixels, steps=None, **encoding):
    net = capture(model, pixels, steps=steps, **({"scale": SCALE} | encoding))
    logits, wanted, spikes = compare(model, net, pixels, steps)
    assert len(spikes) > 0 and wanted.shape == logits.shape == (len(pixels), net.classes)
    for name, (ours, theirs) in spikes.items():
        assert theirs.any() and torch.equal(ours, theirs), name
    assert sum(not bool(theirs.all()) for _, theirs in spikes.values()) > 0.8 * len(spikes)
    assert wanted.std() > 0 and torch.allclose(logits, wanted, rtol=0, atol=1e-5)
    return net


@pytest.mark.parametrize("name", LIBRARY)
def test_the_librarys_models(name):
    size, make = LIBRARY[name]
    net = _check(dyadic(make()), images(size))
    ops = [type(layer).__name__ for layer in net.layers.values()]
    assert ops.count("Repeat") == 1 and "Conv" in ops
    if "Spike" in name and "parametric" not in name:
        assert "DepthwiseConv" not in ops


@pytest.mark.parametrize("name", USERS)
def test_networks_of_its_layers(name):
    make, steps = USERS[name]
    _check(dyadic(make()), images(16), steps)


def test_one_step_after_the_other_is_the_same_network():
    pixels = images(16)
    nets = [capture(dyadic(simple(mode)), pixels, steps=4) for mode in "ms"]
    assert [*nets[0].inputs.items()] == [*nets[1].inputs.items()]
    one, other = (net.state_dict() for net in nets)
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_pixels_are_convolved_once():
    net = capture(dyadic(LIBRARY["Spikformer"][1]()), images(16))
    first, repeat = list(net.layers.items())[:2]
    assert type(first[1]).__name__ == "Conv" and net.shapes[first[0]][0] == 1
    assert type(repeat[1]).__name__ == "Repeat" and net.shapes[repeat[0]][0] == 4


def test_queries_keys_and_values_lie_side_by_side():
    net = capture(dyadic(LIBRARY["SpikeDrivenTransformer"][1]()), images(16))
    attention = "blocks_0_attn_mask_attention"
    (neurons,) = net.inputs[attention]
    (weights,) = net.inputs[neurons]
    assert net.shapes[weights][1] == 3 * net.shapes[attention][1]
    assert weights == "blocks_0_attn_q_conv_k_conv_v_conv"


@pytest.mark.parametrize("change", [{"v_threshold": 1.5}, {"v_reset": None}, {"tau": 4.0}])
def test_a_mask_that_is_no_or_stays_a_neuron(change):
    model = dyadic(LIBRARY["SpikeDrivenTransformer"][1]())
    attention = model.blocks[0].attn
    for name, value in change.items():
        setattr(attention.attn_lif, name, value)
    net = _check(model, images(16))
    ops = {name: type(layer).__name__ for name, layer in net.layers.items()}
    assert list(ops.values()).count("MaskAttention") == 1
    assert ops["blocks_0_attn_attn_lif"] == "Lif" and "Gate" in ops.values()


def test_encodings():
    model = dyadic(simple("m"))
    net = _check(model, images(16), 4, mean=(0.5, 0.25, 0.0), std=(0.5, 1.0, 2.0))
    assert net.encoding.mean == (0.5, 0.25, 0.0)
    one = capture(model, images(16), steps=4, scale=1 / 255, mean=0.5, std=0.25)
    assert one.encoding.scale == Fraction(1, 255) and one.encoding.std == (0.25,)


def test_event_frames():
    frames = np.random.default_rng(1).integers(0, 4, (3, 4, 3, 16, 16)).astype(np.uint8)
    net = _check(dyadic(simple("m")), frames, scale=Fraction(1))
    assert net.image.steps == 4 and "Repeat" not in {type(x).__name__ for x in
                                                     net.layers.values()}


def test_a_single_image_is_enough():
    pixels = images(16, count=1)
    assert len(capture(dyadic(simple("m")), pixels, steps=2).layers) > 5


def test_the_model_is_left_as_it_was():
    model = dyadic(simple("s", neuron.LIFNode)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    capture(model, images(16), steps=3)
    assert all(part.training for part in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(part.v == 0.0 for part in model.modules() if isinstance(part, neuron.LIFNode))
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_weights_in_units_of_their_own_are_followed_closely():
    torch.manual_seed(3)
    model = LIBRARY["SpikeDrivenTransformer"][1]()
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_var = torch.rand_like(part.weight).clamp(min=0.2)
            torch.nn.init.uniform_(part.weight, 0.5, 2.5)
            torch.nn.init.uniform_(part.bias, -0.3, 0.9)
    pixels = images(16, count=16)
    net = capture(model, pixels)
    logits, wanted, spikes = compare(model, net, pixels)
    different = sum(int((a != b).sum()) for a, b in spikes.values())
    count = sum(a.numel() for a, _ in spikes.values())
    assert count > 50_000 and different < count / 1000
    assert wanted.std() > 0.05 and float((logits - wanted).abs().max()) < 0.2


def test_spikingjelly_is_never_imported():
    code = ("import golden.capture, golden.zoo, spikeloom.quantization, spikeloom.design, sys; "
            "sys.exit(any(name.split('.')[0] == 'spikingjelly' for name in sys.modules))")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
