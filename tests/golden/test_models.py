from dataclasses import replace
from fractions import Fraction

import pytest
import torch

from golden.models import Attention, ModelConfig, SpikingTransformer, settle
from golden.models.neurons import Lif, any_spike
from golden.models.synapse import Synapse, convolve
from golden.models.transformer import attend
from ir import Encoding

CONFIG = ModelConfig(channels=1, height=8, width=8, classes=10, steps=2, stem=(4, 8),
                     strides=(1, 1, 2), dim=8, blocks=2, hidden=16)
IMAGES = torch.randint(256, (6, 1, 8, 8), dtype=torch.uint8,
                       generator=torch.Generator().manual_seed(0))


def lif(threshold: float = 1.0) -> Lif:
    return Lif(torch.tensor([threshold]), torch.tensor([1.0]))


def test_a_neuron_step_by_step():
    x = torch.tensor([1.0, 1.0, 2.0, 5.0, -3.0, 4.5]).view(6, 1, 1)
    # h: .5, .75, 1.375 (fires), 2.5 (fires), -1.5, 1.5 (fires)
    assert lif()(x).flatten().tolist() == [0, 0, 1, 1, 0, 1]


def test_an_integer_neuron_floors():
    neuron = lif()
    neuron.set(torch.tensor([3.0]), torch.tensor([3.0]))
    # h: 2, 3 (fires), 2, floor(5.5 / 2) ...
    assert neuron(torch.tensor([5.0, 4.0, 5.0, 3.0, 4.0]).view(5, 1, 1)).flatten().tolist() == [
        0, 1, 0, 0, 1]


def test_the_gradient_is_the_surrogate_through_time():
    x = torch.tensor([0.6, -0.4, 1.2], requires_grad=True)
    lif()(x.view(3, 1, 1)).sum().backward()
    potentials, v = [], 0.0
    for value in x.tolist():
        v = (v + value) / 2
        potentials.append(v)
    assert max(potentials) < 1
    slopes = [0.5 / (1 + (torch.pi / 2 * (h - 1)) ** 2) for h in potentials]
    expected = [slopes[0] / 2 + slopes[1] / 4 + slopes[2] / 8, slopes[1] / 2 + slopes[2] / 4,
                slopes[2] / 2]
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx(expected)


def test_a_reset_stops_the_gradient():
    x = torch.tensor([4.0, 0.5], requires_grad=True)
    lif()(x.view(2, 1, 1))[1].sum().backward()
    assert x.grad is not None
    assert x.grad[0] == 0
    assert x.grad[1] > 0


def test_gradients_are_the_same_in_other_units():
    x = torch.tensor([[0.6], [1.7], [0.9]], requires_grad=True)
    scaled = (x.detach() * 64).requires_grad_()
    lif()(x).sum().backward()
    Lif(torch.tensor([64.0]), torch.tensor([64.0]))(scaled).sum().backward()
    assert x.grad is not None and scaled.grad is not None
    assert torch.allclose(x.grad, scaled.grad * 64)


def test_any_spike_is_an_or_that_learns():
    count = torch.tensor([0.0, 1.0, 5.0], requires_grad=True)
    fired = any_spike(count)
    assert fired.tolist() == [0, 1, 1]
    fired.sum().backward()
    assert count.grad is not None
    assert (count.grad > 0).all()


def test_a_folded_layer_computes_the_same():
    layer = Synapse(3, 5, kernel=3, stride=2, generator=torch.Generator().manual_seed(0))
    x = torch.randn(2, 4, 6, 6, 3, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for _ in range(20):
            layer(x)
        layer.gain.uniform_(-1, 1)
        layer.bias.uniform_(-1, 1)
        layer.eval()
        weight, bias = layer.folded()
        plain = torch.nn.functional.conv2d(x.flatten(0, 1).permute(0, 3, 1, 2), weight, bias,
                                           stride=2, padding=1).permute(0, 2, 3, 1)
        assert torch.allclose(layer(x).flatten(0, 1), plain, atol=1e-5)


def test_batch_norms_settle_on_all_images_alike():
    model = SpikingTransformer(CONFIG).eval()
    first = model.synapses()["stem0"]
    pixels = torch.cat([IMAGES, IMAGES // 2])
    settle(model, pixels, batch=6)
    currents = [convolve(model.encode(part), first.weight, 1).flatten(0, -2)
                for part in (IMAGES, IMAGES // 2)]
    assert torch.allclose(first.mean, sum(x.mean(0) for x in currents) / 2, atol=1e-6)
    assert torch.allclose(first.variance, sum(x.var(0) for x in currents) / 2, atol=1e-6)
    assert not model.training
    again = first.mean.clone()
    settle(model, pixels, batch=6)
    assert torch.equal(again, first.mean)


def test_attention_by_masks_and_by_products():
    qkv = (torch.rand(2, 3, 2, 2, 12, generator=torch.Generator().manual_seed(0)) < 0.4).float()
    query, key, value = qkv.flatten(2, 3).chunk(3, -1)
    mask = ((key * value).sum(2, keepdim=True) > 0).float()
    found = attend(qkv, Attention.MASK, 1)
    assert torch.equal(found.flatten(2, 3), query * mask)
    found = attend(qkv, Attention.SELF, 2).flatten(2, 3)
    for head in (slice(0, 2), slice(2, 4)):
        scores = query[..., head] @ key[..., head].transpose(-1, -2)
        assert torch.equal(found[..., head], scores @ value[..., head])


@pytest.mark.parametrize("config", [
    CONFIG, replace(CONFIG, steps=1), replace(CONFIG, attention=Attention.SELF, heads=2),
    replace(CONFIG, position=True)])
def test_every_weight_learns(config):
    model = SpikingTransformer(config)
    model(IMAGES).logsumexp(1).sum().backward()
    assert model(IMAGES).shape == (6, 10)
    still = [name for name, p in model.named_parameters() if p.grad is None]
    assert not still


def test_a_seed_makes_the_model():
    first, again, other = (SpikingTransformer(CONFIG, seed=seed).state_dict()
                           for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_tensors_are_shown_by_name():
    shapes = {}
    SpikingTransformer(CONFIG)(IMAGES, lambda name, x: shapes.update({name: tuple(x.shape)}))
    assert shapes["stem0"] == (1, 6, 8, 8, 4)
    assert shapes["stem0_repeat"] == (2, 6, 8, 8, 4)
    assert shapes["stem2"] == shapes["block1_mlp_add"] == (2, 6, 4, 4, 8)
    assert shapes["block0_qkv_lif"] == (2, 6, 4, 4, 24)
    assert shapes["count"] == (1, 6, 1, 1, 8)
    assert shapes["head"] == (1, 6, 1, 1, 10)


def test_a_config_survives_json():
    config = replace(CONFIG, attention=Attention.SELF, heads=4,
                     encoding=Encoding(scale=Fraction(1, 255), mean=(0.4,), std=(0.5,)))
    assert ModelConfig.from_json(config.to_json()) == config
    for text in ("{}", "[1]", '{"encoding": 1}'):
        with pytest.raises(ValueError, match="Not the description of a model"):
            ModelConfig.from_json(text)


def test_the_grid_of_tokens():
    assert CONFIG.grid == (4, 4)
    assert replace(CONFIG, height=28, width=20, strides=(2, 2, 2)).grid == (4, 3)


@pytest.mark.parametrize(("changes", "error", "message"), [
    ({"steps": 0}, ValueError, "ModelConfig steps must be at least 1, not 0"),
    ({"dim": 8.0}, TypeError, "ModelConfig dim must be an int, not 8.0"),
    ({"classes": 1}, ValueError, "ModelConfig classes must be at least 2, not 1"),
    ({"stem": (), "strides": (2,)}, ValueError, "stem needs at least one convolution"),
    ({"strides": (1, 2)}, ValueError, "ModelConfig has 2 strides for 3 stem convolutions"),
    ({"heads": 2}, ValueError, "heads must be 1 with mask attention, not 2"),
    ({"attention": "mask"}, TypeError, "attention must be an Attention, not 'mask'"),
    ({"attention": Attention.SELF, "heads": 3}, ValueError, "dim 8 is not a multiple of 3 heads"),
    ({"encoding": Encoding(mean=(0.1307,), std=(0.3081,))}, ValueError,
     "not one whole pixel value 0..255: padding with zero could not be exact"),
    ({"encoding": Encoding(mean=(0.0, 0.5))}, ValueError, "mean has 2 values for 1 channels"),
    ({"encoding": Encoding(std=(0.0,))}, ValueError, "std must be above zero"),
])
def test_what_a_config_refuses(changes, error, message):
    with pytest.raises(error, match=message):
        replace(CONFIG, **changes)
