"""A network of named layers, and the shipped presets' architecture."""

from fractions import Fraction
from typing import Any

import pytest
import torch

from golden.layers import Add, Conv, Lif, TimeSum, TokenSum, Weights, settle
from golden.layers.weights import convolve
from golden.net import Net
from golden.zoo.spiking_transformer import spiking_transformer
from ir import IMAGE, Encoding, Interval, TensorType, pixels

ARGUMENTS: dict[str, Any] = {
    "channels": 1, "height": 8, "width": 8, "classes": 10, "steps": 2, "stem": (4, 8),
    "strides": (1, 1, 2), "dim": 8, "blocks": 2, "hidden": 16}
IMAGES = torch.randint(256, (6, 1, 8, 8), dtype=torch.uint8,
                       generator=torch.Generator().manual_seed(0))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_batch_norms_settle_on_all_images_alike():
    model = spiking_transformer(**ARGUMENTS).eval()
    first = model.layers["stem0"]
    assert isinstance(first, Weights)
    images = torch.cat([IMAGES, IMAGES // 2])
    settle(model, images, batch=6)
    currents = [convolve(model.encode(part), first.weight, 1, 1).flatten(0, -2)
                for part in (IMAGES, IMAGES // 2)]
    assert torch.allclose(first.mean, (currents[0].mean(0) + currents[1].mean(0)) / 2, atol=1e-6)
    assert torch.allclose(first.variance, (currents[0].var(0) + currents[1].var(0)) / 2,
                          atol=1e-6)
    assert not model.training
    again = first.mean.clone()
    settle(model, images, batch=6)
    assert torch.equal(again, first.mean)


@pytest.mark.parametrize("changes", [
    {}, {"steps": 1}, {"attention": "self", "heads": 2}, {"position": True}])
def test_every_weight_learns(changes):
    model = spiking_transformer(**ARGUMENTS | changes)
    model(IMAGES).logsumexp(1).sum().backward()
    assert model(IMAGES).shape == (6, 10)
    assert sum(1 for _ in model.parameters()) > 20
    assert not [name for name, p in model.named_parameters() if p.grad is None]


def test_a_seed_makes_the_model():
    first, again, other = (spiking_transformer(**ARGUMENTS, seed=seed).state_dict()
                           for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["layers.head.weight"], other["layers.head.weight"])


def test_tensors_are_shown_by_name():
    shapes = {}
    model = spiking_transformer(**ARGUMENTS)
    model(IMAGES, lambda name, x: shapes.update({name: tuple(x.shape)}))
    assert shapes["stem0"] == (1, 6, 8, 8, 4)
    assert shapes["stem0_repeat"] == (2, 6, 8, 8, 4)
    assert shapes["stem2"] == shapes["block1_mlp_add"] == (2, 6, 4, 4, 8)
    assert shapes["block0_qkv_lif"] == (2, 6, 4, 4, 24)
    assert shapes["count"] == (1, 6, 1, 1, 8)
    assert shapes["head"] == (1, 6, 1, 1, 10)
    assert {name: (shape[0], shape[4], shape[2], shape[3]) for name, shape in shapes.items()} == {
        name: shape for name, shape in model.shapes.items() if name != IMAGE}
    assert (model.steps, model.classes) == (2, 10)


def test_frames_of_several_steps():
    image = TensorType(steps=3, channels=2, height=4, width=4, interval=Interval(0, 15))
    net = Net(image, Encoding(scale=Fraction(1)))
    x = net.add("first", Conv(2, 3, kernel=3, generator=generator()), IMAGE)
    x = net.add("lif", Lif(), x)
    net.add("head", Conv(3, 4, norm=False, generator=generator()),
            net.add("count", TimeSum(), net.add("pool", TokenSum(), x)))
    images = torch.randint(16, (5, 3, 2, 4, 4), dtype=torch.uint8, generator=generator())
    shown = {}
    assert net(images, shown.__setitem__).shape == (5, 4)
    assert shown["first"].shape == (3, 5, 4, 4, 3)
    assert torch.equal(net.encode(images)[2, 1, :, :, 0], images[1, 2, 0].float())
    with pytest.raises(ValueError, match=r"images \[N, 3, 2, 4, 4\], not \[5, 2, 4, 4\]"):
        net(images[:, 0])


def test_pixels_are_encoded():
    net = Net(pixels(2, 1, 1), Encoding(scale=Fraction(1, 255), mean=(0.5, 0.25), std=(0.5, 0.2)))
    x = net.encode(torch.tensor([[[[255]], [[51]]]], dtype=torch.uint8))
    assert x.flatten().tolist() == pytest.approx([1.0, -0.25])


def test_arguments_are_as_a_checkpoint_gives_them_back():
    net = Net(pixels(1, 2, 2), None, "mine", {"stem": (1, 2)})
    assert net.arguments == {"stem": [1, 2]}
    with pytest.raises(TypeError, match="not JSON serializable"):
        Net(pixels(1, 2, 2), None, "mine", {"stem": torch.zeros(1)})


def test_what_a_network_refuses():
    net = Net(pixels(1, 4, 4))
    with pytest.raises(ValueError, match="must end in one step of one position"):
        net.check()
    x = net.add("a", Conv(1, 2, generator=generator()), IMAGE)
    for name in ("a", "image", "no name"):
        with pytest.raises(ValueError, match=f"Layer name '{name}' is taken or no identifier"):
            net.add(name, Lif(), x)
    with pytest.raises(ValueError, match="Layer 'b' reads 'c', which is not made before it"):
        net.add("b", Lif(), "c")
    with pytest.raises(ValueError, match=r"Layer 'b', Conv, does not take \(1, 2, 4, 4\)"):
        net.add("b", Conv(3, 2, generator=generator()), x)
    with pytest.raises(ValueError, match="Layer 'b', Add, does not take"):
        net.add("b", Add(), x)
    net.add("pool", TokenSum(), net.add("lif", Lif(), IMAGE))
    with pytest.raises(ValueError, match="Nothing reads layer 'a'"):
        net(torch.zeros(1, 1, 4, 4, dtype=torch.uint8))


@pytest.mark.parametrize(("encoding", "message"), [
    (Encoding(mean=(0.0, 0.5)), "Encoding mean has 2 values for 1 channels"),
    (Encoding(std=(0.0,)), "Encoding scale and std must be above zero"),
])
def test_an_encoding_that_does_not_fit(encoding, message):
    with pytest.raises(ValueError, match=message):
        Net(pixels(1, 4, 4), encoding)


@pytest.mark.parametrize(("changes", "message"), [
    ({"steps": 0}, "steps must be at least 1, not 0"),
    ({"strides": (1, 2)}, "has 2 strides for 3 stem convolutions"),
    ({"heads": 2}, "heads must be 1 with masks, not 2"),
    ({"attention": "none"}, "attention is mask or self, not 'none'"),
    ({"attention": "self", "heads": 3}, "value of 3 heads, which 24 channels are not"),
])
def test_what_the_transformer_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        spiking_transformer(**ARGUMENTS | changes)
