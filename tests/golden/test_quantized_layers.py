"""Every kind of layer on integers: network and graph agree, and neurons as in real numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Generator

from golden.layers import (
    Add,
    Concat,
    Conv,
    DepthwiseConv,
    Gate,
    HeadSum,
    LevelLif,
    Lif,
    MaskAttention,
    MaxPool,
    ParallelNeuron,
    Repeat,
    SelfAttention,
    Slice,
    SumPool,
    TimeSum,
    TokenSum,
    Upsample,
    Weights,
    settle,
)
from golden.net import Net
from golden.quantize import QuantizedNet, Scheme, describe, quantize
from golden.quantize.neurons import IntegerNeuron
from golden.quantize.plan import Reader
from golden.quantize.weights import IntegerWeights
from golden.run import trace
from ir import IMAGE, ops
from ir.ops import Reset
from tests.golden.agreement import count_equal
from tests.golden.small_nets import (
    COLOURS,
    NETS,
    Build,
    coloured,
    head_gate,
    images_for,
    masks,
    self_attention,
    token_gate,
)


def quantized(net: Net, bits: int = 4, scheme: Scheme | None = None) -> QuantizedNet:
    images = images_for(net)
    settle(net, torch.from_numpy(images), batch=len(images))
    return quantize(net.eval(), images, bits, scheme=scheme)


def agree(net: Net, bits: int = 4, scheme: Scheme | None = None, **rates: float) -> QuantizedNet:
    """Quantise and compare every value, also after some weights moved as in training."""
    model = quantized(net, bits, scheme)
    images = images_for(net)
    values = sum(kind.values for name, kind in model.graph().types.items() if name != IMAGE)
    assert count_equal(model, images, **rates) == values * len(images)
    loss = model(torch.from_numpy(images)).logsumexp(1).sum()
    model.train()
    loss.backward()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    assert not [name for name, gradient in gradients.items() if gradient is None]
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn(p.shape, generator=Generator().manual_seed(1)) * 0.02)
    assert count_equal(model.eval(), images, least=0.0, most=1.0) == values * len(images)
    return model


@pytest.mark.parametrize("name", NETS)
def test_network_and_graph_agree(name):
    rates = {"least": 0.001, "most": 0.97} if "membrane head" not in name else {"least": -1.0}
    agree(NETS[name](), **rates)


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_they_agree_with_other_bits(bits):
    for name in ("membrane shortcuts", "separable without neurons", "products of levels"):
        model = agree(NETS[name](), bits, Scheme(weight_bits=bits, fraction_bits=1, stream_bits=4),
                      least=0.0, most=1.0)
        assert {node.op.weight_bits for node in model.graph().nodes
                if isinstance(node.op, ops.Conv)} == {bits}


def test_every_layer_and_every_operator_was_there():
    made = {type(layer) for build in NETS.values() for layer in build().layers.values()}
    wanted = {Add, Concat, Conv, DepthwiseConv, Gate, HeadSum, LevelLif, Lif, MaskAttention,
              MaxPool, ParallelNeuron, Repeat, SelfAttention, Slice, SumPool, TimeSum, TokenSum,
              Upsample}
    assert made == wanted
    assert {layer.__name__ for layer in wanted} == {op.__name__ for op in ops.OPS}


@pytest.mark.parametrize("name", NETS)
def test_every_layer_means_what_the_float_one_does(name):
    """On what each really reads, in real units: weights nearly, neurons mostly, else exactly."""
    net, images = NETS[name](), torch.from_numpy(images_for(NETS[name]()))
    model = quantized(net, scheme=Scheme(weight_bits=8, fraction_bits=4, stream_bits=8))
    real = {IMAGE: net.encode(images)}
    with torch.no_grad():
        model(images, lambda name, x: real.update(
            {name: (x / model.units[name].to(x.dtype)).to(torch.float32)}))
        for each, layer in net.named_layers():
            wanted, found = layer(*(real[source] for source in net.inputs[each])), real[each]
            mine = model.layer(each)
            if isinstance(layer, Weights):
                assert isinstance(mine, IntegerWeights)
                wanted = wanted + (mine.bias - layer.folded()[1])
                assert (found - wanted).abs().mean() < 0.03 * wanted.std() + 0.01, each
            elif isinstance(mine, IntegerNeuron):
                # a tie, or a threshold that is no whole number of units
                assert ((found - wanted).abs() < 1e-3).to(torch.float32).mean() > 0.97, each
            else:
                # without weights to fold it into, the zero of an image is a whole pixel
                tolerance = 0.5 / 255 / 0.24 if net.inputs[each] == (IMAGE,) else 1e-5
                assert torch.allclose(found, wanted, rtol=1e-5, atol=tolerance), each


def spikes_of(net: Net, model: QuantizedNet, name: str) -> tuple[np.ndarray, np.ndarray]:
    """What neurons fire in integers, and by exact fractions on the same currents."""
    node = next(node for node in model.graph().nodes if node.name == name)
    tensors = trace(model.graph(), images_for(net))
    current = tensors[node.inputs[0]].astype(object)
    layer = net.layer(name)
    assert isinstance(layer, Lif)
    unit = [Fraction(float(value)).limit_denominator(1 << 20)
            for value in model.units[node.inputs[0]]]
    theta = [Fraction(float(value)).limit_denominator(1000)
             for value in layer.threshold.expand(len(unit))]
    leak, found = layer.leak, tensors[name]
    expected = np.empty(found.shape, np.int64)
    for index in np.ndindex(found.shape[0], *found.shape[2:]):
        v = Fraction(0)
        for t in range(found.shape[1]):
            x = int(current[index[0], t, *index[1:]])
            h = (leak.keep * v + leak.drive * x) / leak.divisor
            threshold = theta[index[1]] * unit[index[1]]
            spike = h > threshold if layer.strict else h >= threshold
            expected[index[0], t, *index[1:]] = spike
            v = Fraction(0) if spike else h
    return found, expected


@pytest.mark.parametrize("theta", [0.25, 0.5, 0.3, 0.7, 1.0, 1.25])
@pytest.mark.parametrize("strict", [False, True])
def test_neurons_on_counts_fire_as_in_real_numbers(theta, strict):
    for net in (head_gate(Lif(theta, strict=strict)),
                self_attention(Lif(theta, strict=strict), Lif(0.5), 2, 1, 0.25)):
        model = quantized(net)
        name = next(name for name, layer in net.named_layers()
                    if isinstance(layer, Lif) and layer.strict == strict
                    and float(layer.threshold) == pytest.approx(theta)
                    and not isinstance(net.layer(net.inputs[name][0]), Conv | Repeat))
        found, expected = spikes_of(net, model, name)
        assert found.size > 1000
        assert 0 < expected.mean() < 1
        assert np.array_equal(found, expected)


@pytest.mark.parametrize(("theta", "tau"), [(0.5, 1.5), (1.25, 1.5), (0.75, 1.25)])
def test_so_do_other_time_constants_that_lose_nothing(theta, tau):
    net = head_gate(Lif(theta, tau=tau))
    name = next(name for name in net.inputs if isinstance(net.layer(name), HeadSum))
    found, expected = spikes_of(net, quantized(net), net.readers(name)[0])
    assert 0 < expected.mean() < 1
    assert np.array_equal(found, expected)


def test_other_leaks_nearly_do():
    net = self_attention(Lif(0.5, tau=1.75), Lif(), 2, 1, 0.125)
    name = next(name for name in net.inputs if isinstance(net.layer(name), SelfAttention))
    model = quantized(net)
    found, expected = spikes_of(net, model, net.readers(name)[0])
    assert (found != expected).mean() < 1e-3
    op = model.layer(net.readers(name)[0]).op()
    assert isinstance(op, ops.Lif)
    assert (op.keep, op.drive, op.divisor, op.fraction_bits) == (3, 4, 7, 8)


@pytest.mark.parametrize(("neuron", "levels"), [
    (Lif(0.5), 1), (Lif(0.5, tau=1.5), 1), (Lif(0.5, tau=1.75), 1), (Lif(1.0), 2),
    (Lif(0.5, strict=True), None), (Lif(0.5, tau=3.3, learn=True), None),
    (Lif(0.5, tau=math.inf), 1), (Lif(2.0, tau=math.inf), None), (Lif(3.3), None),
    (Lif(torch.tensor([[0.5], [1.5], [0.5]])), None),
    (Lif(0.5, reset=Reset.BY_THRESHOLD), None), (LevelLif(1), 1)])
def test_neurons_that_keep_nothing_become_comparators(neuron, levels):
    for net in (head_gate(neuron), token_gate(neuron)):
        model = agree(net, least=0.001, most=0.99)
        name = next(name for name, layer in net.named_layers() if layer is neuron)
        op = next(node.op for node in model.graph().nodes if node.name == name)
        if levels is None:
            assert isinstance(op, ops.Lif)
        else:
            assert isinstance(op, ops.LevelLif)
            assert (op.threshold == levels).all() and op.keep == 0


def test_levels_of_attention_have_the_published_comparators():
    """QSD: 32, 96, 160 and 224 on products of levels 0..4; V3: (j - 1/2) * D**3 / (D * scale)."""
    odd = 2 / math.sqrt(12)
    for scale, expected in ((0.25, [32, 96, 160, 224]),
                            (odd, [math.ceil((j - 0.5) * 16 / odd) for j in (1, 2, 3, 4)])):
        layer = LevelLif(4, step=0.25, norm=0.5)
        net = self_attention(layer, LevelLif(4, step=0.25, norm=0.25), 2, 1, scale)
        model = quantized(net)
        name = next(name for name, each in net.named_layers() if each is layer)
        op = model.layer(name).op()
        assert isinstance(op, ops.LevelLif)
        assert op.threshold[:, 0].tolist() == expected


def test_ties_go_where_they_should():
    """On products of levels a current can be exactly at a middle: 8, 24, 40 and 56."""
    for half_even, expected in ((False, [8, 24, 40, 56]), (True, [9, 24, 41, 56])):
        layer = LevelLif(4, step=0.25, norm=0.25, half_even=half_even)
        net = self_attention(layer, LevelLif(4, step=0.25, norm=0.25), 2, 1, 1.0)
        name = next(name for name, each in net.named_layers() if each is layer)
        op = quantized(net).layer(name).op()
        assert isinstance(op, ops.LevelLif)
        assert op.threshold[:, 0].tolist() == expected


def test_who_reads_decides_on_the_units():
    model = quantized(NETS["separable without neurons"]())
    readers = {name: layer for name, layer in model.named_layers()
               if isinstance(layer, IntegerWeights)}
    found = {name: layer.reader for name, layer in readers.items()}
    assert list(found.values()) == [Reader.NEURONS, Reader.STREAM, Reader.WEIGHTS, Reader.STREAM,
                                    Reader.NEURONS, Reader.LOGITS]
    units = [len(layer.output_unit.unique()) for layer in readers.values()]
    assert units[0] > 1 and units[4] > 1
    assert [units[i] for i in (1, 2, 3, 5)] == [1, 1, 1, 1]


def test_zero_is_a_pixel_of_each_channel():
    model = quantized(coloured(None))
    graph = model.graph()
    assert graph.nodes[0].name == "centre"
    assert graph.nodes[0].op.bias.tolist() == [-125, -114]
    assert graph.nodes[1].op.pad_value == 0
    for net, padding in ((coloured(None, (0.5,)), 128), (coloured(0), 0)):
        first = quantized(net).graph().nodes[0]
        assert isinstance(first.op, ops.Conv)
        assert first.op.pad_value == padding


@pytest.mark.parametrize(("padding", "mean", "tolerance"), [
    (None, COLOURS.mean, 0.02), (0, COLOURS.mean, 0.004), (None, (0.5,), 0.02)])
def test_currents_of_pixels_are_the_float_network_s_nearly(padding, mean, tolerance):
    net = coloured(padding, mean)
    model = quantized(net, scheme=Scheme(weight_bits=8))
    source, layer = net.layer("conv0"), model.layer("conv0")
    with torch.no_grad():
        # without the correction of means, which would hide an offset
        layer.bias.copy_(source.folded()[1])
        currents: list[torch.Tensor] = []
        for each in (net, model):
            each(torch.from_numpy(images_for(net)), lambda name, x: currents.append(x)
                 if name == "conv0" else None)
    error = currents[1] / layer.output_unit - currents[0]
    assert currents[0].std() > 0.5
    inside = error[:, :, 1:-1, 1:-1].mean((0, 1, 2, 3))
    assert inside.abs().max() < 1e-3, "an offset inside the border is a fold gone wrong"
    assert error.abs().mean() < tolerance


def test_values_beyond_float32_are_computed_in_float64():
    at = Build()
    a = at.spikes(8, kernel=3)
    x = at.conv(8, a)
    for _ in range(5):
        x = at.add(Add(), at.depthwise(x, norm=False, gain=0.6), at.conv(8, a))
    at.add(Lif())
    model = agree(at.finish(), least=0.001, most=0.9)
    graph = model.graph()
    beyond = {node.name for node in graph.nodes if graph.types[node.name].interval.high >= 1 << 24}
    assert beyond and beyond <= model.wide_layers
    assert {"conv0", "lif2"}.isdisjoint(model.wide_layers)
    assert not quantized(masks()).wide_layers


def test_what_cannot_be_quantised():
    at = Build()
    x = at.spikes(8, kernel=3)
    at.add(Add(), at.conv(8, x), x)
    with pytest.raises(ValueError, match="Currents of 'conv3' and what 'lif2' makes are added"):
        quantized(at.finish())
    at = Build()
    x = at.conv(8, at.spikes(8, kernel=3))
    at.add(Add(), at.depthwise(x, norm=False), x)
    with pytest.raises(ValueError, match="adds to the stream that it reads, with no neurons"):
        quantized(at.finish())
    at = Build()
    x = at.conv(8, at.spikes(8, kernel=3))
    at.add(Add(), at.add(SumPool(3, 1, 1), x), x)
    with pytest.raises(ValueError, match="joins a stream with an average of itself"):
        quantized(at.finish())
    at = Build()
    x = at.spikes(8, kernel=3)
    at.add(Add(), at.spikes(8, LevelLif(4, norm=0.25)), x)
    with pytest.raises(ValueError, match="cannot meet without weights between"):
        quantized(at.finish())
    at = Build()
    at.spikes(8, kernel=3)
    at.conv(24)
    at.add(MaskAttention())
    with pytest.raises(ValueError, match="MaskAttention takes spikes"):
        quantized(at.finish())


def test_single_layers_have_bits_of_their_own():
    model = quantized(masks(), scheme=Scheme(layer_bits={"conv3": 8}, first_bits=3, head_bits=2))
    found = {node.name: node.op.weight_bits for node in model.graph().nodes
             if isinstance(node.op, ops.Conv)}
    assert list(found.values()) == [3, 8, 4, 2]


def test_of_some_layers_the_largest_weights_alone_stay():
    model = agree(masks(), scheme=Scheme(fan_in={"conv3": 3, "conv0": 10_000}))
    layer = model.layers["conv3"]
    assert isinstance(layer, IntegerWeights) and layer.weight.grad is not None
    integers, grads = layer.integer_values()[0].detach().flatten(1), layer.weight.grad.flatten(1)
    counts = (integers != 0).sum(1)
    assert 0 < counts.max() <= 3 < integers.shape[1]
    assert (grads[integers == 0] != 0).any(), "what is zero now may come back"
    real = layer.effective.detach().flatten(1)
    least = real.abs().topk(3, 1).values[:, -1:]
    assert (layer.kept(real) == real.where(real.abs() >= least, 0)).all()


def test_a_quantised_network_comes_back_from_its_state():
    for name in ("membrane shortcuts", "learned", "parallel", "products, odd scale", "coloured"):
        model = quantized(NETS[name]())
        again = QuantizedNet(NETS[name](), model.scheme).eval()
        again.load_state_dict(model.state_dict())
        assert count_equal(again, images_for(model), least=0.0, most=1.0) > 1000
        images = torch.from_numpy(images_for(model))
        with torch.no_grad():
            assert torch.equal(again(images), model(images))


def test_a_report_on_every_layer():
    net = coloured(None)
    model = quantized(net, 8)
    images = images_for(net)
    reports = describe(net, model, images)
    tensors = trace(model.graph(), images)
    assert [report.name for report in reports] == [node.name for node in model.graph().nodes]
    for report in reports:
        values = tensors[report.name]
        assert (report.low, report.high) == (values.min(), values.max())
        if report.op == "Lif":
            assert report.spike_rate == pytest.approx(values.mean(), rel=1e-4)
            assert report.agreement is not None and 0.85 < report.agreement <= 1
        else:
            assert report.agreement is None
    assert {report.weight_bits for report in reports if report.op == "Conv"} == {8}
