"""Layers in floats: what they compute, and that their gradients are right."""

import math

import pytest
import torch
from torch import Tensor

from golden.layers import (
    Conv,
    DepthwiseConv,
    LevelLif,
    Lif,
    MaskAttention,
    ParallelNeuron,
    SelfAttention,
    SumPool,
)
from golden.layers.leak import Leak
from golden.layers.membrane import integrate_and_fire
from golden.layers.surrogate import any_spike
from ir.ops import Polarity, Reset


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def fired(neuron: torch.nn.Module, *currents: float) -> list[float]:
    x = torch.tensor(currents).view(-1, 1, 1, 1, 1)
    return [round(value, 6) for value in neuron(x).flatten().tolist()]


def test_a_neuron_step_by_step():
    # h: .5, .75, 1.375 (fires), 2.5 (fires), -1.5, 1.5 (fires)
    assert fired(Lif(), 1.0, 1.0, 2.0, 5.0, -3.0, 4.5) == [0, 0, 1, 1, 0, 1]


@pytest.mark.parametrize(("neuron", "currents", "expected"), [
    (Lif(tau=math.inf), (0.5, 0.25, 0.25, 0.5), [0, 0, 1, 0]),
    (Lif(tau=math.inf, strict=True), (0.5, 0.5, 0.5), [0, 0, 1]),
    # v: .5 after the first spike
    (Lif(tau=math.inf, reset=Reset.BY_THRESHOLD), (1.5, 0.5, 0.5), [1, 1, 0]),
    # h: 1, 1.5 - .75 ...
    (Lif(2.0, tau=4.0, decay_input=False), (1.0, 1.0, 1.0), [0, 0, 1]),
    (Lif(keep=0.0), (0.5, 0.9, 1.0), [0, 0, 1]),
    (Lif(keep=0.5), (0.5, 0.75), [0, 1]),
    (Lif(torch.tensor([[1.0], [0.1], [5.0]]), keep=1.0), (0.5, 0.0, 4.0), [0, 1, 0]),
    (LevelLif(4), (-1.0, 0.5, 1.49, 2.5, 9.0), [0, 1, 1, 3, 4]),
    (LevelLif(4, half_even=True), (0.5, 1.5, 2.5, 3.5), [0, 2, 2, 4]),
    (LevelLif(4, step=0.25, norm=0.25), (0.125, 0.3, 0.5, 7.0), [0.25, 0.25, 0.5, 1.0]),
    (LevelLif(1, polarity=Polarity.BOTH), (-3.0, -0.5, -0.4, 0.5), [-1, -1, 0, 1]),
    # h: 1.4 (1), .4 + 1.2 = 1.6 (2), -.4 + .5
    (LevelLif(3, tau=math.inf), (1.4, 1.2, 0.5), [1, 2, 0]),
    (ParallelNeuron(3), (0.5, 0.8, 0.0), [0, 1, 0]),
    (ParallelNeuron(3, order=1), (0.5, 0.8, 1.0), [0, 0, 1]),
    (ParallelNeuron(3, order=2, sliding=True), (1.0, 0.5, 0.5), [1, 1, 0]),
])
def test_neurons_of_all_kinds_step_by_step(neuron, currents, expected):
    assert fired(neuron, *currents) == expected


@pytest.mark.parametrize(("neuron", "leak"), [
    (Lif(), Leak(1, 1, 2)), (Lif(decay_input=False), Leak(1, 2, 2)),
    (Lif(tau=1.5), Leak(1, 2, 3)), (Lif(tau=1.75), Leak(3, 4, 7)), (Lif(tau=1.25), Leak(1, 4, 5)),
    (Lif(tau=4 / 3), Leak(1, 3, 4)), (Lif(tau=10), Leak(9, 1, 10)), (Lif(tau=1), Leak(0, 1, 1)),
    (Lif(tau=math.inf), Leak(1, 1, 1)), (Lif(keep=0.2), Leak(1, 5, 5)),
    (Lif(keep=1), Leak(1, 1, 1)), (Lif(keep=0), Leak(0, 1, 1)),
    (Lif(tau=2.3456789), Leak(147, 109, 256)), (Lif(tau=1.005), Leak(1, 255, 256)),
    (Lif(tau=1.7, learn=True), Leak(7, 10, 17)), (LevelLif(4, tau=4 / 3), Leak(1, 4, 4)),
])
def test_a_time_constant_as_whole_numbers(neuron, leak):
    assert neuron.leak == leak


def test_an_integer_neuron_floors():
    # h: 2, 3 (fires), 2, floor(5.5 / 2) ...
    x = torch.tensor([5.0, 4.0, 5.0, 3.0, 4.0]).view(5, 1, 1)
    one, three = torch.tensor(1.0), torch.tensor([3.0])
    assert integrate_and_fire(x, one, one, three, three, divisor=2).flatten().tolist() == [
        0, 1, 0, 0, 1]


@pytest.mark.parametrize("soft", [False, True])
def test_gradients_are_those_of_the_recurrence(soft):
    """Against torch's own, of the same steps with the reset held constant."""
    x = random(5, 2, 3).mul(1.5).add(0.7).requires_grad_()
    keep = torch.tensor(0.7, requires_grad=True)
    drive = torch.tensor(0.6, requires_grad=True)
    threshold = torch.tensor([0.5, 0.8, 1.1])
    weigh = random(5, 2, 3, seed=1)
    spikes = integrate_and_fire(x, keep, drive, threshold, torch.ones(1), soft=soft)
    assert 0.1 < spikes.mean() < 0.9
    found = torch.autograd.grad((spikes * weigh).sum(), (x, keep, drive))
    v, loss = torch.zeros(2, 3), torch.zeros(())
    for t in range(5):
        h = keep * v + drive * x[t]
        spike = (h >= threshold).float().detach()
        assert torch.equal(spike, spikes[t])
        # an antiderivative of the surrogate's slope
        loss = loss + (torch.atan(math.pi / 2 * (h - threshold)) / math.pi * weigh[t]).sum()
        v = h - threshold * spike if soft else h * (1 - spike)
    wanted = torch.autograd.grad(loss, (x, keep, drive))
    for ours, theirs in zip(found, wanted, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)
        assert theirs.abs().sum() > 0


def test_a_reset_stops_the_gradient():
    x = torch.tensor([4.0, 0.5], requires_grad=True)
    Lif()(x.view(2, 1, 1))[1].sum().backward()
    assert x.grad is not None
    assert x.grad[0] == 0
    assert x.grad[1] > 0


def test_gradients_are_the_same_in_other_units():
    x = torch.tensor([[0.6], [1.7], [0.9]], requires_grad=True)
    scaled = (x.detach() * 64).requires_grad_()
    half, unit = torch.tensor(0.5), torch.tensor([64.0])
    Lif()(x).sum().backward()
    integrate_and_fire(scaled, half, half, unit, unit).sum().backward()
    assert x.grad is not None and scaled.grad is not None
    assert torch.allclose(x.grad, scaled.grad * 64)


def test_levels_learn_within_the_clamp():
    x = torch.tensor([-0.1, 0.2, 0.9, 1.1]).requires_grad_()
    LevelLif(4, step=0.25, norm=0.25)(x.view(1, 1, 1, 1, 4)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("neuron", [
    ParallelNeuron(4), ParallelNeuron(4, order=2), ParallelNeuron(4, order=2, sliding=True),
    Lif(tau=1.7, learn=True), Lif(tau=1.7, learn=True, decay_input=False)])
def test_what_neurons_have_learns(neuron):
    neuron(random(4, 3, 1, 1, 5)).square().sum().backward()
    for name, parameter in neuron.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


def test_any_spike_is_an_or_that_learns():
    count = torch.tensor([0.0, 1.0, 5.0], requires_grad=True)
    spikes = any_spike(count)
    assert spikes.tolist() == [0, 1, 1]
    spikes.sum().backward()
    assert count.grad is not None
    assert (count.grad > 0).all()


@pytest.mark.parametrize(("layer", "groups"), [
    (Conv(3, 5, kernel=3, stride=2, generator=torch.Generator()), 1),
    (Conv(3, 5, kernel=1, stride=2, generator=torch.Generator()), 1),
    (Conv(3, 5, kernel=3, padding=0, generator=torch.Generator()), 1),
    (DepthwiseConv(3, kernel=3, generator=torch.Generator()), 3),
    (DepthwiseConv(3, stride=2, generator=torch.Generator()), 3),
])
def test_a_folded_layer_computes_the_same(layer, groups):
    x = random(2, 4, 6, 6, 3)
    with torch.no_grad():
        for _ in range(20):
            layer(x)
        layer.gain.uniform_(-1, 1)
        layer.bias.uniform_(-1, 1)
        layer.eval()
        weight, bias = layer.folded()
        weight = weight[:, None] if groups > 1 else weight
        plain = torch.nn.functional.conv2d(
            x.flatten(0, 1).permute(0, 3, 1, 2), weight, bias, stride=layer.stride,
            padding=layer.padding, groups=groups).permute(0, 2, 3, 1)
        assert torch.allclose(layer(x).flatten(0, 1), plain, atol=1e-5)


def test_a_constant_per_channel():
    layer = DepthwiseConv(3, norm=False, gain=0.5, generator=torch.Generator())
    x = random(1, 2, 4, 4, 3)
    assert torch.equal(layer(x), x / 2)
    assert Conv(3, 2, norm=False, bias=False, generator=torch.Generator()).bias is None


def test_an_average_counts_zeros_outside():
    x = torch.ones(1, 1, 4, 4, 1)
    assert SumPool(3, 2, 1)(x).flatten().tolist() == pytest.approx([4 / 9, 6 / 9, 6 / 9, 1])


def test_attention_by_masks_and_by_products():
    qkv = (torch.rand(2, 3, 2, 2, 12, generator=torch.Generator().manual_seed(0)) < 0.4).float()
    query, key, value = qkv.flatten(2, 3).chunk(3, -1)
    mask = ((key * value).sum(2, keepdim=True) > 0).float()
    assert torch.equal(MaskAttention()(qkv).flatten(2, 3), query * mask)
    found = SelfAttention(2, 0.25)(qkv).flatten(2, 3)
    for head in (slice(0, 2), slice(2, 4)):
        scores = query[..., head] @ key[..., head].transpose(-1, -2)
        assert torch.equal(found[..., head], scores @ value[..., head] * 0.25)


@pytest.mark.parametrize("tokens", [1, 5])
def test_either_product_may_come_first(tokens):
    x = (torch.rand(2, 3, 1, tokens, 20, generator=torch.Generator().manual_seed(0)) * 4).floor()
    layer = SelfAttention(2, 1.0, value_ratio=3)
    query, key, value = (part.unflatten(-1, (2, -1)).transpose(2, 3)
                         for part in x.flatten(2, 3).split((4, 4, 12), dim=-1))
    expected = (query @ key.transpose(-1, -2) @ value).transpose(2, 3).flatten(-2)
    assert torch.equal(layer(x).flatten(2, 3), expected)
    assert expected.max() > 10


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Lif(0.0), "Lif threshold must be above zero"),
    (lambda: Lif(torch.ones(1, 1, 1)), r"one number, \[C\] or \[T, C\]"),
    (lambda: Lif(tau=0.5), "Lif tau must be at least 1, not 0.5"),
    (lambda: Lif(keep=1.5), "Lif keep must be 0 to 1, not 1.5"),
    (lambda: Lif(tau=math.inf, learn=True), "Lif can learn from a tau above 1 on"),
    (lambda: LevelLif(0), "at least one level"),
    (lambda: LevelLif(1, tau=0.1), "LevelLif tau must be at least 1"),
    (lambda: ParallelNeuron(4, sliding=True), "slides needs an order"),
    (lambda: ParallelNeuron(4, order=5), "order must be 1 to its 4 steps, not 5"),
    (lambda: SelfAttention(1, 0.0), "scale must be above zero"),
])
def test_what_layers_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()
