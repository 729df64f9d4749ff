"""Supernets: every network is a slice, becomes integers exactly, and travels as a file."""

from dataclasses import replace

import pytest
import torch

from golden.augment import Augmentation
from golden.data import Dataset, load
from golden.fit import Recipe, evaluate
from golden.quantize import quantize
from golden.supernet import (
    SUPERNETS,
    Ranges,
    Supernet,
    SupernetPreset,
    find_supernet,
    load_supernet,
    train_supernet,
)
from golden.train import split
from golden.zoo.searched import MIXERS, NEURONS, searched
from tests.golden.agreement import count_equal

RANGES = Ranges(channels=1, height=8, width=8, classes=4, strides=(1, 2, 2), steps=(1, 2),
                dim=(4, 8), depth=(1, 2), stem=(2, 4), heads=(1, 2))


def pictures(count: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, 1, 8, 8), dtype=torch.uint8,
                         generator=torch.Generator().manual_seed(0))


def test_a_subnet_has_the_leading_channels_of_every_part():
    supernet = Supernet(RANGES)
    small = {**RANGES.extreme(False), "mixer0": "mask"}
    net = supernet.subnet(small, pictures(8))
    whole = supernet.shared["block0_qkv/weight"]
    mine = net.get_parameter("layers.block0_qkv.weight")
    assert whole.shape == (24, 8, 1, 1) and mine.shape == (12, 4, 1, 1)
    for part in range(3):
        assert torch.equal(mine[4 * part:4 * part + 4], whole[8 * part:8 * part + 4, :4])
    assert torch.equal(net.get_parameter("layers.block0_fc2.weight"),
                       supernet.shared["block0_fc2/weight"][:4, :4])
    assert torch.equal(net.get_parameter("layers.stem1.gain"), supernet.shared["stem1/gain"][:3])


def test_each_call_in_training_runs_another_network_and_all_weights_learn():
    supernet, images = Supernet(RANGES).train(), pictures(8)
    outputs = []
    for _ in range(20):
        outputs.append(supernet(images))
        outputs[-1].square().sum().backward()
    assert len({float(output.detach().sum()) for output in outputs}) > 4
    assert int(supernet.calls) == 20
    assert all(p.grad is not None for p in supernet.shared.values())


@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("neuron", NEURONS)
def test_every_mixer_and_neuron_becomes_integers(mixer, neuron):
    point = {**RANGES.extreme(True), "mixer0": mixer, "mixer1": mixer, "neuron": neuron}
    images = pictures(16)
    net = Supernet(RANGES, seed=1).subnet(point, images)
    with torch.no_grad():
        for layer in net.layers.values():
            if getattr(layer, "norm", False):
                layer.bias += 0.4
    assert count_equal(quantize(net, images), images[:2].numpy()) > 1000


def test_axes_without_meaning_leave_no_trace():
    point = {**RANGES.extreme(True), "depth": 1, "mixer0": "mask", "neuron": "integrate"}
    other = {**point, "heads0": 1, "mixer1": "conv", "tau0": 4.0}
    assert RANGES.arguments(point) == RANGES.arguments(other)
    assert RANGES.arguments(point) != RANGES.arguments({**point, "ratio0": 1})


@pytest.mark.parametrize("name", SUPERNETS)
def test_shipped_supernets_are_what_their_preset_says(name):
    preset = find_supernet(name)
    supernet, notes = load_supernet(preset.checkpoint)
    assert supernet.ranges == preset.ranges
    assert notes["command"] == preset.command and notes["validation"] == preset.validation
    assert preset.checkpoint.stat().st_size < 1_000_000
    assert notes["accuracy_validation_largest"] > notes["accuracy_validation_smallest"] > 0.8


def test_the_digits_supernet_reaches_what_its_notes_say():
    preset = SUPERNETS["digits-supernet"]
    supernet, notes = load_supernet(preset.checkpoint)
    training, held = split(load("digits"), preset.validation)
    images = preset.recipe.augmentation(training[0][:2048], torch.Generator().manual_seed(0))
    found = evaluate(supernet.subnet(preset.ranges.extreme(True), images), *held)
    assert found == notes["accuracy_validation_largest"]


def test_training_again_gives_the_same_bytes(tmp_path):
    labels = torch.arange(24) % 4
    data = Dataset("mine", *(2 * (pictures(24).numpy(), labels.numpy())))
    preset = SupernetPreset(
        name="mine", dataset="mine", ranges=RANGES, validation=8,
        recipe=Recipe(epochs=2, batch=8, augmentation=Augmentation()))
    files = []
    for run in ("a", "b"):
        notes = train_supernet(preset, tmp_path / run, data=data)
        assert [path.name for path in (tmp_path / run).iterdir()] == ["mine.safetensors"]
        files.append((tmp_path / run / "mine.safetensors").read_bytes())
    assert files[0] == files[1] and notes["parameters"] > 100
    wrong = replace(preset, ranges=replace(RANGES, height=9))
    with pytest.raises(ValueError, match="takes images of 1x9x8, data set 'mine' has 1x8x8"):
        train_supernet(wrong, tmp_path, data=data)


def test_what_is_wrong_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no supernet"):
        load_supernet(tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="damaged or no safetensors file"):
        load_supernet(tmp_path / "text")
    with pytest.raises(ValueError, match="is no 'spikeloom supernet 1'"):
        load_supernet(SUPERNETS["digits-supernet"].checkpoint.with_name("digits.safetensors"))
    with pytest.raises(ValueError, match="There is no supernet 'x'; there are digits-supernet"):
        find_supernet("x")
    with pytest.raises(ValueError, match="Ranges dim has no values"):
        replace(RANGES, dim=())
    with pytest.raises(ValueError, match="Ranges mixer is of mask, self, conv, not 'pool'"):
        replace(RANGES, mixer=("pool",))
    with pytest.raises(ValueError, match="Ranges dim 4 is no multiple of 3 heads"):
        replace(RANGES, heads=(3,))
    block = {"mixer": "pool", "heads": 1, "hidden": 4, "tau": 2.0, "threshold": 1.0}
    frame = {"channels": 1, "height": 8, "width": 8, "classes": 4, "steps": 1, "dim": 4,
             "blocks": [block]}
    with pytest.raises(ValueError, match="mixer is one of mask, self, conv, not 'pool'"):
        searched(**frame, stem=[2], strides=[2, 2])
    with pytest.raises(ValueError, match="has 1 strides for 2 stem convolutions"):
        searched(**frame, stem=[2], strides=[2])
    with pytest.raises(ValueError, match="neuron is one of hard, soft, integrate, not 'x'"):
        searched(**frame, stem=[2], strides=[2, 2], neuron="x")
