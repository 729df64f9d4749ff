"""The fake-quantised model and the integer graph are one function, value for value."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from golden.data import load
from golden.fit import Recipe, evaluate, fit
from golden.layers import Weights
from golden.net import Net
from golden.quantize import QuantizedNet, Scheme, finetune, quantize
from golden.quantize.scales import current_units, limit, stream_shifts
from golden.quantize.weights import IntegerWeights
from golden.run import accuracy, logits, trace
from golden.zoo.spiking_transformer import spiking_transformer
from ir.ops import Conv, Lif
from tests.golden.agreement import count_equal

DIGITS = load("digits")
IMAGES = np.concatenate([DIGITS.train_images, DIGITS.test_images])
TRAIN = torch.from_numpy(DIGITS.train_images), torch.from_numpy(DIGITS.train_labels)
HELD = tuple(part[:100] for part in TRAIN)
ARGUMENTS: dict[str, Any] = {
    "channels": 1, "height": 8, "width": 8, "classes": 10, "steps": 2, "stem": (8,),
    "strides": (1, 2), "dim": 16, "blocks": 1, "hidden": 32}
VARIANTS: dict[str, dict[str, Any]] = {
    "T1": {"steps": 1},
    "T2": {},
    "T3": {"steps": 3},
    "self": {"attention": "self", "heads": 2},
    "position": {"position": True, "stem": (8, 8), "strides": (1, 1, 2), "blocks": 2},
    "encoded": {"scale": "1/255", "mean": (51 / 255,), "std": (0.4,)},
    "no whole pixel is zero": {"scale": "1/255", "mean": (0.1307,), "std": (0.3081,)},
}


def trained(variant: dict[str, Any]) -> Net:
    """Far enough for neurons to fire at rates of trained networks."""
    model = spiking_transformer(**ARGUMENTS | variant)
    fit(model, Recipe(epochs=2, batch=32), TRAIN, HELD)
    return model


MODELS = {name: trained(variant) for name, variant in VARIANTS.items()}


def weights(model: QuantizedNet, name: str) -> IntegerWeights:
    layer = model.layers[name]
    assert isinstance(layer, IntegerWeights)
    return layer


@pytest.mark.parametrize("bits", [8, 4, 3, 2])
@pytest.mark.parametrize("variant", VARIANTS)
def test_model_and_graph_agree_exactly(variant, bits):
    quantized = quantize(MODELS[variant], DIGITS.train_images[:200], bits)
    images = IMAGES if bits == 4 else IMAGES[:300]
    values = sum(kind.values for name, kind in quantized.graph().types.items()
                 if name != "image")
    assert count_equal(quantized, images) == values * len(images)


def test_they_agree_after_training_on_integers():
    quantized = quantize(MODELS["T2"], DIGITS.train_images[:200], 3)
    before = quantized.graph()
    history = finetune(quantized, Recipe(epochs=1, batch=32, learning_rate=3e-3, weight_decay=0),
                       TRAIN, HELD)
    assert len(history) == 1
    after = quantized.graph()
    assert any((b.op.weight != a.op.weight).any() for b, a in zip(before.nodes, after.nodes,
                                                                 strict=True)
               if isinstance(b.op, Conv))
    assert count_equal(quantized, IMAGES) > 1_000_000
    test = torch.from_numpy(DIGITS.test_images), torch.from_numpy(DIGITS.test_labels)
    assert accuracy(after, DIGITS.test_images, DIGITS.test_labels) == evaluate(quantized, *test)


def test_logits_are_the_models_in_integers():
    quantized = quantize(MODELS["T2"], DIGITS.train_images[:200])
    with torch.no_grad():
        real = quantized(torch.from_numpy(IMAGES[:50])).numpy()
    assert np.array_equal(np.round(real * weights(quantized, "head").output_unit.numpy()),
                          logits(quantized.graph(), IMAGES[:50]))


def test_the_graph_states_its_activity_on_calibration_images():
    images = DIGITS.train_images[:40]
    graph = quantize(MODELS["T2"], images).graph()
    tensors = trace(graph, images)
    assert set(graph.activity) == set(tensors) and len(tensors) > 10
    for name, values in tensors.items():
        assert graph.activity[name] == round(float((values != 0).mean()), 4), name


@pytest.mark.parametrize("bits", [8, 4, 3, 2])
def test_weights_are_symmetric_and_of_their_bits(bits):
    graph = quantize(MODELS["T2"], DIGITS.train_images[:200],
                     scheme=Scheme(weight_bits=bits, first_bits=8, head_bits=4)).graph()
    for node in graph.nodes:
        if isinstance(node.op, Conv):
            expected = {"stem0": 8, "head": 4}.get(node.name, bits)
            assert node.op.weight_bits == expected
            assert abs(node.op.weight).max() <= limit(expected)
    assert [limit(b) for b in (8, 4, 3, 2)] == [127, 7, 3, 1]


def test_writers_of_the_stream_are_powers_of_two_and_the_head_has_one_scale():
    quantized = quantize(MODELS["position"], DIGITS.train_images[:200],
                         scheme=Scheme(shifts=2, stream_bits=5))
    for name in ("stem2", "rpe", "block0_proj", "block1_fc2"):
        layer = weights(quantized, name)
        assert (layer.output_unit == 32).all()
        assert len(layer.shift.unique()) <= 2
        assert layer.shift.max() - layer.shift.min() <= 1
    assert len(weights(quantized, "head").output_unit.unique()) == 1
    assert len(weights(quantized, "block0_qkv").output_unit.unique()) > 1
    thresholds = {node.name: node.op.threshold for node in quantized.graph().nodes
                  if isinstance(node.op, Lif)}
    assert (thresholds["block0_lif"] == 32).all()
    assert (thresholds["head_lif"] == 32 * 16).all()


def test_the_names_of_the_nodes():
    names = [node.name for node in quantize(MODELS["self"], IMAGES[:50]).graph().nodes]
    assert names == [
        "stem0", "stem0_repeat", "stem0_lif", "stem1", "block0_lif", "block0_qkv",
        "block0_qkv_lif", "block0_attn", "block0_attn_lif", "block0_proj", "block0_add",
        "block0_mlp_lif", "block0_fc1", "block0_fc1_lif", "block0_fc2", "block0_mlp_add", "pool",
        "head_lif", "count", "head"]
    names = [node.name for node in quantize(MODELS["T1"], IMAGES[:50]).graph().nodes]
    assert "stem0_repeat" not in names


def test_padding_is_the_pixel_that_means_zero():
    graph = quantize(MODELS["encoded"], IMAGES[:50]).graph()
    assert graph.nodes[0].op.pad_value == 51
    assert graph.encoding.scale == Fraction(1, 255)


def test_currents_are_the_float_models_nearly_borders_included():
    model = MODELS["encoded"]
    quantized = quantize(model, IMAGES[:200], 8)
    layer, source = weights(quantized, "stem0"), model.layers["stem0"]
    assert isinstance(source, Weights)
    with torch.no_grad():
        # without the correction of means, which would hide an offset
        layer.bias.copy_(source.folded()[1])
        currents = []
        for each in (model, quantized):
            each(torch.from_numpy(IMAGES[:20]), lambda name, x: currents.append(x)
                 if name == "stem0" else None)
    wanted, found = currents[0], currents[1] / layer.output_unit
    assert wanted.std() > 0.5
    assert (found - wanted).abs().max() < 0.06


def test_a_channel_without_weights_still_has_a_unit():
    weight = torch.zeros(2, 3, 1, 1)
    weight[1] = 0.3
    units = current_units(weight, 4, 2)
    assert units[0] >= 1
    assert (units == units.round()).all()
    assert stream_shifts(weight, 4, 64, 2).min() >= 0


def test_scales_follow_the_weights():
    weight = torch.randn(4, 50, 1, 1, generator=torch.Generator().manual_seed(0))
    assert (current_units(weight / 4, 4, 2) > current_units(weight, 4, 2) * 3).all()
    assert (stream_shifts(weight / 4, 4, 64, 1) == stream_shifts(weight, 4, 64, 1) - 2).all()


def test_sums_that_float32_cannot_hold_are_refused():
    quantized = quantize(MODELS["T2"], IMAGES[:50])
    with torch.no_grad():
        weights(quantized, "block0_qkv").bias[0] = 4e6
    with pytest.raises(ValueError, match=r"Node 'block0_qkv' could reach .*, beyond 2\*\*24"):
        quantized.graph()


def test_what_quantize_refuses():
    model = MODELS["T2"]
    with pytest.raises(TypeError, match="quantize takes a Net, not Linear"):
        quantize(torch.nn.Linear(1, 1), IMAGES[:5])
    with pytest.raises(TypeError, match="not QuantizedNet"):
        quantize(quantize(model, IMAGES[:5]), IMAGES[:5])
    with pytest.raises(TypeError, match="finetune takes a QuantizedNet"):
        finetune(model, Recipe(epochs=1), TRAIN, HELD)
    with pytest.raises(ValueError, match=r"must be uint8 \[N, 1, 8, 8\], not torch.float64"):
        quantize(model, IMAGES[:5] / 255)
    with pytest.raises(ValueError, match=r"not torch.uint8 \[0, 1, 8, 8\]"):
        quantize(model, IMAGES[:0])
    with pytest.raises(ValueError, match="Scheme weight_bits must be one of 2, 3, 4, 8, not 5"):
        quantize(model, IMAGES[:5], 5)


@pytest.mark.parametrize(("field", "value", "message"), [
    ("head_bits", 16, "Scheme head_bits must be one of 2, 3, 4, 8, not 16"),
    ("fraction_bits", 9, "Scheme fraction_bits must be 0 to 8, not 9"),
    ("stream_bits", 1, "Scheme stream_bits must be 2 to 12, not 1"),
    ("shifts", 0, "Scheme shifts must be 1 to 12, not 0"),
    ("fan_in", {"stem0": 0}, "Scheme fan_in of 'stem0' must be at least 1, not 0"),
])
def test_what_a_scheme_refuses(field, value, message):
    with pytest.raises(ValueError, match=message):
        Scheme(**{field: value})


def test_a_scheme_survives_json():
    scheme = Scheme(weight_bits=3, first_bits=8, layer_bits={"a": 2}, fan_in={"a": 5, "b": 1})
    assert Scheme.from_json(scheme.to_json()) == scheme
    with pytest.raises(ValueError, match="Not the description of a quantisation"):
        Scheme.from_json('{"bits": 4}')
