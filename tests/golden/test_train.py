"""A preset's whole training, small."""

from dataclasses import replace

import numpy as np
import pytest

from golden import train as module
from golden.checkpoints import load_checkpoint
from golden.data import Dataset, load
from golden.fit import Epoch, Recipe
from golden.presets import PRESETS
from golden.run import accuracy
from golden.train import train

DIGITS = load("digits")
SMALL = Dataset("digits", DIGITS.train_images[:300], DIGITS.train_labels[:300],
                DIGITS.test_images[:50], DIGITS.test_labels[:50])
PRESET = replace(
    PRESETS["digits"], validation=60, seeds=(0, 1), recipe=Recipe(epochs=2, batch=40),
    finetune=Recipe(epochs=1, batch=40, learning_rate=3e-3, weight_decay=0),
    arguments={"channels": 1, "height": 8, "width": 8, "classes": 10, "steps": 2, "stem": (4,),
               "strides": (1, 2), "dim": 8, "blocks": 1, "hidden": 8})


class Stop(Exception):
    pass


def test_a_training_writes_both_checkpoints_and_tidies_up(tmp_path):
    stages: list[str] = []

    def progress(stage: str, done: int, total: int, epoch: Epoch | None) -> None:
        if not stages or stages[-1] != stage:
            stages.append(stage)

    result = train(PRESET, tmp_path / "new", data=SMALL, progress=progress)
    assert stages == ["float, seed 0", "4 bit, seed 0", "float, seed 1", "4 bit, seed 1"]
    files = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert files == ["digits-w4.safetensors", "digits.safetensors"]
    quantized, notes = load_checkpoint(tmp_path / "new" / files[0])
    assert notes == result.quantized_notes
    assert notes["test_images"] == 50
    assert notes["weight_bits"] == 4
    assert notes["accuracy_test"] == accuracy(quantized.graph(), SMALL.test_images,
                                              SMALL.test_labels)
    _, notes = load_checkpoint(tmp_path / "new" / files[1])
    assert notes == result.float_notes
    assert notes["command"] == "spikeloom train digits"


def test_an_interrupted_training_ends_the_same(tmp_path):
    train(PRESET, tmp_path / "whole", data=SMALL)

    def interrupt(stage: str, done: int, total: int, epoch: Epoch | None) -> None:
        if stage == "float, seed 1" and epoch is not None:
            raise Stop

    with pytest.raises(Stop):
        train(PRESET, tmp_path / "cut", data=SMALL, progress=interrupt)
    assert not list((tmp_path / "cut").glob("*.safetensors"))
    train(PRESET, tmp_path / "cut", data=SMALL)
    for name in ("digits.safetensors", "digits-w4.safetensors"):
        assert ((tmp_path / "cut" / name).read_bytes()
                == (tmp_path / "whole" / name).read_bytes())


def test_seeds_are_chosen_by_validation_images_alone(tmp_path, monkeypatch):
    seen: list[np.ndarray] = []
    evaluate = module.evaluate

    def spy(model, images, labels, **options):
        seen.append(images.numpy())
        return evaluate(model, images, labels, **options)

    monkeypatch.setattr(module, "evaluate", spy)
    train(PRESET, tmp_path, data=SMALL)
    chosen_on, test = seen[:2], SMALL.test_images
    assert all(len(images) == 60 for images in chosen_on)
    assert not any((image == test).all((1, 2, 3)).any() for image in chosen_on[0])


def test_the_best_seed_wins(tmp_path):
    alone = {seed: train(replace(PRESET, seeds=(seed,)), tmp_path, data=SMALL)
             .quantized_notes["accuracy_validation"] for seed in (0, 1)}
    assert alone[0] != alone[1], "the test needs seeds that differ"
    ranked = sorted(alone, key=lambda seed: alone[seed])
    for order in (ranked, ranked[::-1]):
        result = train(replace(PRESET, seeds=tuple(order)), tmp_path, data=SMALL)
        assert result.quantized_notes["seed"] == ranked[-1]
        assert result.quantized_notes["accuracy_validation"] == alone[ranked[-1]]


@pytest.mark.parametrize(("change", "message"), [
    ({"train_images": np.zeros((300, 1, 9, 8), np.uint8),
      "test_images": np.zeros((50, 1, 9, 8), np.uint8)},
     "Preset 'digits' takes images of 1x8x8, data set 'digits' has 1x9x8"),
    ({"test_labels": np.full(50, 10)}, "Preset 'digits' has 10 classes, data set 'digits' has 11"),
    ({"train_images": SMALL.train_images[:60], "train_labels": SMALL.train_labels[:60]},
     "holds out 60 images, data set 'digits' has 60 to train on"),
])
def test_a_data_set_that_does_not_fit(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        train(PRESET, tmp_path / "new", data=replace(SMALL, **change))
    assert not (tmp_path / "new").exists()
