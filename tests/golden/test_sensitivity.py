"""Bits of layers by what fewer of them cost."""

import pytest
import torch

from golden.data import load
from golden.fit import Recipe, fit
from golden.quantize import Scheme, Sensitivity, mixed_precision, quantize, sensitivity
from golden.zoo.spiking_transformer import spiking_transformer

DIGITS = load("digits")
TRAIN = torch.from_numpy(DIGITS.train_images[:400]), torch.from_numpy(DIGITS.train_labels[:400])


def test_layers_are_measured_one_by_one_and_get_their_bits():
    net = spiking_transformer(channels=1, height=8, width=8, classes=10, steps=1, stem=(8,),
                              strides=(1, 2), dim=8, blocks=1, hidden=8)
    fit(net, Recipe(epochs=4, batch=20), TRAIN, TRAIN)
    images, labels = TRAIN[0][:200], TRAIN[1][:200]
    found = sensitivity(net, images, labels)
    assert set(found.rises) == set(found.weights) and len(found.weights) == 7
    assert all(set(rises) == {2, 3, 4} for rises in found.rises.values())
    alone = quantize(net, images, scheme=Scheme(weight_bits=8, layer_bits={"stem1": 2}))
    loss = torch.nn.functional.cross_entropy(alone(images), labels)
    assert found.rises["stem1"][2] == pytest.approx(float(loss) - found.loss)
    scheme = mixed_precision(found, 3.0)
    bits = sum(scheme.layer_bits[name] * count for name, count in found.weights.items())
    assert bits <= 3 * sum(found.weights.values())
    model = quantize(net, images, scheme=scheme)
    for name, given in scheme.layer_bits.items():
        assert int(model.layer(name).op().weight_bits) == given


def test_the_layer_that_minds_least_goes_first():
    found = Sensitivity(loss=1.0, weights={"a": 100, "b": 100},
                        rises={"a": {4: 0.5, 3: 0.6, 2: 0.9}, "b": {4: 0.0, 3: 0.01, 2: 0.2}})
    assert mixed_precision(found, 6.0).layer_bits == {"a": 8, "b": 4}
    assert mixed_precision(found, 5.5).layer_bits == {"a": 8, "b": 3}
    assert mixed_precision(found, 2.0).layer_bits == {"a": 2, "b": 2}
    with pytest.raises(ValueError, match="mean_bits must be at least 2, not 1"):
        mixed_precision(found, 1)
