"""Trains a preset: float, then on integers; hyper-parameters and seeds see validation data only."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Generator, Tensor

from golden.checkpoints import Notes, save_checkpoint
from golden.data import Dataset, in_levels, load
from golden.fit import Epoch, Progress, Recipe, evaluate, fit
from golden.net import Net
from golden.preset import Preset
from golden.quantize import ACTIVITY, QuantizedNet, finetune, quantize
from golden.run import accuracy

__all__ = ["Trained", "split", "train"]

SPLIT_SEED = 1
"""Of the validation images, the same in every training of a data set."""

CALIBRATION = 512
"""Training images that biases are corrected on."""

StageProgress = Callable[[str, int, int, Epoch | None], None]
"""As :data:`golden.fit.Progress`, with the name of the stage first."""


@dataclass(frozen=True, eq=False)
class Trained:
    """Both networks, with notes of what was measured on the test images."""

    float_model: Net
    float_notes: Notes
    quantized_model: QuantizedNet
    quantized_notes: Notes


def train(preset: Preset, folder: str | Path, *, data: str | Path | Dataset | None = None,
          progress: StageProgress | None = None) -> Trained:
    """Train ``preset`` and write ``NAME.safetensors`` and ``NAME-wBITS.safetensors`` to a folder.

    Every seed is trained, quantised and trained on; the seed whose integers are best on the
    validation images wins, and only it ever sees the test images. After each epoch the state is
    kept in ``folder``: an interrupted training, started again alike, goes on to the same end.

    ``data`` is a data set, or the folder that has the preset's. Raises what
    :func:`golden.data.load` raises, and ValueError for a data set that does not fit the model.
    """
    folder = Path(folder)
    dataset = data if isinstance(data, Dataset) else load(preset.dataset, data)
    _check_fit(preset, dataset)
    folder.mkdir(parents=True, exist_ok=True)
    image = preset.net().image
    training, validation = split(dataset, preset.validation)
    validation = in_levels(validation[0], image), validation[1]
    best, best_accuracy, best_seed = None, -1.0, preset.seeds[0]
    resumes: list[Path] = []
    for seed in preset.seeds:
        paths = [folder / f"{preset.name}-seed{seed}-{stage}.resume"
                 for stage in ("float", f"w{preset.scheme.weight_bits}")]
        models = _train_seed(preset, seed, training, validation, paths, progress)
        resumes += paths
        reached = evaluate(models[1], *validation)
        if reached > best_accuracy:
            best, best_accuracy, best_seed = models, reached, seed
    assert best is not None, "a preset has at least one seed"
    result = _measure(preset, dataset, validation, best_seed, *best)
    save_checkpoint(folder / preset.float_checkpoint.name, result.float_model,
                    result.float_notes)
    save_checkpoint(folder / preset.quantized_checkpoint.name, result.quantized_model,
                    result.quantized_notes)
    for path in resumes:
        path.unlink()
    return result


def _train_seed(preset: Preset, seed: int, training: tuple[Tensor, Tensor],
                validation: tuple[Tensor, Tensor], resumes: list[Path],
                progress: StageProgress | None) -> tuple[Net, QuantizedNet]:
    def report(stage: str) -> Progress | None:
        return partial(progress, f"{stage}, seed {seed}") if progress is not None else None

    def recipe(general: Recipe) -> Recipe:
        # images move in all their levels, before the network's few are left of them
        levels = 256 if training[0].ndim == 5 else model.image.interval.high + 1
        movement = replace(general.augmentation, levels=levels)
        return replace(general, seed=seed, augmentation=movement)

    model = preset.net(seed)
    fit(model, recipe(preset.recipe), training, validation,
        progress=report("float"), resume=resumes[0])
    quantized = quantize(model, in_levels(training[0][:CALIBRATION], model.image),
                         scheme=preset.scheme)
    finetune(quantized, recipe(preset.finetune), training, validation,
             progress=report(f"{preset.scheme.weight_bits} bit"), resume=resumes[1])
    quantized.measure(in_levels(training[0][:ACTIVITY], model.image))
    return model, quantized


def _measure(preset: Preset, dataset: Dataset, validation: tuple[Tensor, Tensor], seed: int,
             model: Net, quantized: QuantizedNet) -> Trained:
    images = in_levels(dataset.test_images, model.image)
    test = torch.from_numpy(images), torch.from_numpy(dataset.test_labels)
    common: dict[str, str | int | float] = {
        "preset": preset.name, "dataset": dataset.name, "seed": seed, "command": preset.command,
        "parameters": sum(p.numel() for p in model.parameters()), "steps": model.steps,
        "test_images": len(test[0])}
    float_notes = common | {"accuracy_validation": evaluate(model, *validation),
                            "accuracy_test": evaluate(model, *test)}
    integer = accuracy(quantized.graph(), images, dataset.test_labels)
    quantized_notes = common | {"weight_bits": preset.scheme.weight_bits,
                                "accuracy_validation": evaluate(quantized, *validation),
                                "accuracy_test": integer}
    return Trained(model, float_notes, quantized, quantized_notes)


def _check_fit(preset: Preset, dataset: Dataset) -> None:
    net = preset.net()
    shape = net.image.shape if net.image.steps > 1 else net.image.shape[1:]
    if dataset.image_shape != shape:
        raise ValueError(f"Preset {preset.name!r} takes images of {'x'.join(map(str, shape))}, "
                         f"data set {dataset.name!r} has "
                         f"{'x'.join(map(str, dataset.image_shape))}")
    if dataset.classes > net.classes:
        raise ValueError(f"Preset {preset.name!r} has {net.classes} classes, data set "
                         f"{dataset.name!r} has {dataset.classes}")
    if preset.validation >= len(dataset.train_images):
        raise ValueError(f"Preset {preset.name!r} holds out {preset.validation} images, data set "
                         f"{dataset.name!r} has {len(dataset.train_images)} to train on")


def split(dataset: Dataset, validation: int
           ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Training images and labels, and those that are held out: always the same ones."""
    images = torch.from_numpy(dataset.train_images)
    labels = torch.from_numpy(dataset.train_labels)
    order = torch.randperm(len(images), generator=Generator().manual_seed(SPLIT_SEED))
    held, rest = order[:validation], order[validation:]
    return (images[rest], labels[rest]), (images[held], labels[held])
