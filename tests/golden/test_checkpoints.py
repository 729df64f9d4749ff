"""The shipped checkpoints keep their word, and damaged ones are refused."""

import json
import os

import pytest
import torch
from safetensors.torch import save_file

from golden.checkpoints import FOLDER, load_checkpoint, save_checkpoint
from golden.data import load
from golden.fit import evaluate
from golden.net import Net
from golden.presets import PRESETS, find_preset
from golden.quantize import QuantizedNet, Scheme, quantize
from golden.run import accuracy, logits
from golden.supernet import SUPERNETS
from golden.zoo.presets import ZOO
from golden.zoo.spiking_transformer import spiking_transformer
from ir import pixels

ARGUMENTS = {"channels": 1, "height": 8, "width": 8, "classes": 10, "steps": 2, "stem": [4],
             "strides": [1, 2], "dim": 8, "blocks": 1, "hidden": 8}
DIGITS = load("digits")
ON_DIGITS = [name for name, preset in PRESETS.items() if preset.dataset == "digits"]
ON_FILES = [name for name in PRESETS if name not in ON_DIGITS]
LEAST = {"digits": 0.98, "digits-ssa": 0.97, "digits-tiny": 0.96, "mnist": 0.99,
         "mnist-small": 0.985, "mnist-fast": 0.98, "fashion": 0.89}
PARAMETERS = {"digits": 30_000, "digits-ssa": 30_000, "digits-tiny": 4_000, "mnist": 200_000,
              "mnist-small": 70_000, "mnist-fast": 20_000, "fashion": 200_000}


def keeps_its_word(name: str, folder: os.PathLike | None = None) -> None:
    preset = find_preset(name)
    model, notes = load_checkpoint(preset.float_checkpoint)
    dataset = load(preset.dataset, folder).in_levels(model.image)
    test = torch.from_numpy(dataset.test_images), torch.from_numpy(dataset.test_labels)
    # floats may round differently on another machine
    assert evaluate(model, *test) == pytest.approx(notes["accuracy_test"], abs=0.003)
    quantized, notes = load_checkpoint(preset.quantized_checkpoint)
    assert isinstance(quantized, QuantizedNet)
    assert accuracy(quantized.graph(), *(part for part in (dataset.test_images,
                                                           dataset.test_labels))
                    ) == notes["accuracy_test"]
    assert notes["test_images"] == len(dataset.test_images)


@pytest.mark.parametrize("name", ON_DIGITS)
def test_accuracy_on_digits(name):
    keeps_its_word(name)


@pytest.mark.data
@pytest.mark.parametrize("name", ON_FILES)
def test_accuracy_on_files(name, data_folder):
    keeps_its_word(name, data_folder)


@pytest.mark.parametrize("name", PRESETS)
def test_shipped_checkpoints_are_what_the_preset_says(name):
    preset = find_preset(name)
    model, notes = load_checkpoint(preset.float_checkpoint)
    quantized, integer_notes = load_checkpoint(preset.quantized_checkpoint)
    arguments = preset.net(int(notes["seed"])).arguments
    assert model.architecture == quantized.architecture == preset.architecture
    assert model.arguments == quantized.arguments == arguments
    assert isinstance(quantized, QuantizedNet)
    assert quantized.scheme == preset.scheme
    assert integer_notes["accuracy_test"] >= LEAST[name]
    assert notes["parameters"] == sum(p.numel() for p in model.parameters()) <= PARAMETERS[name]
    assert notes["command"] == preset.command
    for path in (preset.float_checkpoint, preset.quantized_checkpoint):
        assert path.stat().st_size < 900_000
    # exactness is tested on whole networks too, not on small ones alone
    images = DIGITS.test_images if preset.dataset == "digits" else None
    if images is not None:
        with torch.no_grad():
            real = quantized(torch.from_numpy(images)).numpy()
        assert (real.argmax(1) == logits(quantized.graph(), images).argmax(1)).all()


def test_nothing_else_is_shipped():
    known = {path.name for preset in (*PRESETS.values(), *ZOO.values())
             for path in (preset.float_checkpoint, preset.quantized_checkpoint)}
    known |= {preset.checkpoint.name for preset in SUPERNETS.values()}
    assert {path.name for path in FOLDER.iterdir()} == known


def test_an_unknown_preset():
    with pytest.raises(ValueError, match="There is no preset 'digit'; there are digits, digits-"):
        find_preset("digit")


def test_a_float_model_comes_back(tmp_path):
    model = spiking_transformer(**ARGUMENTS, seed=3)
    save_checkpoint(tmp_path / "a", model, {"n": 1})
    save_checkpoint(tmp_path / "b", model, {"n": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert not list(tmp_path.glob("*.part"))
    found, notes = load_checkpoint(tmp_path / "a")
    assert notes == {"n": 1}
    assert found.architecture == "spiking_transformer"
    assert found.arguments == model.arguments
    assert ARGUMENTS.items() <= found.arguments.items()
    assert not found.training
    state = model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in found.state_dict().items())


def test_a_quantised_model_comes_back_with_its_thresholds(tmp_path):
    model = quantize(spiking_transformer(**ARGUMENTS), DIGITS.train_images[:50],
                     scheme=Scheme(weight_bits=3, first_bits=8))
    save_checkpoint(tmp_path / "q", model)
    found, _ = load_checkpoint(tmp_path / "q")
    assert isinstance(found, QuantizedNet)
    assert found.scheme == model.scheme
    images = DIGITS.test_images[:40]
    assert (logits(found.graph(), images) == logits(model.graph(), images)).all()
    with torch.no_grad():
        assert torch.equal(found(torch.from_numpy(images)), model(torch.from_numpy(images)))


def test_what_is_no_checkpoint(tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(FileNotFoundError, match="There is no checkpoint .*x.safetensors"):
        load_checkpoint(path)
    save_checkpoint(path, spiking_transformer(**ARGUMENTS))
    whole = path.read_bytes()
    for damaged in (b"", b"no safetensors at all", whole[:-100]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged or no safetensors file"):
            load_checkpoint(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="is no 'spikeloom checkpoint 2': it says nothing"):
        load_checkpoint(path)


@pytest.mark.parametrize("change", ["tensor", "shape", "architecture", "value"])
def test_a_checkpoint_that_is_not_whole(tmp_path, change):
    model = spiking_transformer(**ARGUMENTS)
    tensors = dict(model.state_dict())
    record = {"architecture": "spiking_transformer", "arguments": ARGUMENTS, "notes": {}}
    if change == "tensor":
        del tensors["layers.head.weight"]
    elif change == "shape":
        tensors["layers.head.weight"] = torch.zeros(3)
    elif change == "architecture":
        record["architecture"] = "unheard_of"
    else:
        record["arguments"] = ARGUMENTS | {"steps": 0}
    save_file(tensors, tmp_path / "x", {"spikeloom checkpoint 2": json.dumps(record)})
    with pytest.raises(ValueError, match="x is not a whole checkpoint: "):
        load_checkpoint(tmp_path / "x")


def test_a_network_that_nothing_could_rebuild_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="of an architecture of golden.zoo, not of ''"):
        save_checkpoint(tmp_path / "x", Net(pixels(1, 8, 8)))
    assert not list(tmp_path.iterdir())
