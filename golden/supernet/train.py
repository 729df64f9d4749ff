"""Trains a supernet; as every training, on all training images but those that are held out."""

from pathlib import Path

import torch

from golden.checkpoints import Notes
from golden.data import Dataset, load
from golden.fit import Progress, evaluate, fit
from golden.supernet.checkpoint import save_supernet
from golden.supernet.presets import SupernetPreset
from golden.supernet.supernet import Supernet
from golden.train import split

__all__ = ["train_supernet"]

SETTLING = 2048
"""Training images that the two networks settle on whose accuracies are noted."""


def train_supernet(preset: SupernetPreset, folder: str | Path, *,
                   data: str | Path | Dataset | None = None,
                   progress: Progress | None = None) -> Notes:
    """Train a supernet, write ``NAME.safetensors`` to a folder and return its notes.

    The state is kept in ``folder`` after each epoch: an interrupted training, started again
    alike, goes on to the same end. The notes say what its largest and its smallest network reach
    on the validation images, as they are cut out; no test image is seen.

    Raises what :func:`golden.data.load` raises, and ValueError for images that do not fit.
    """
    folder = Path(folder)
    dataset = data if isinstance(data, Dataset) else load(preset.dataset, data)
    ranges = preset.ranges
    if dataset.image_shape != (ranges.channels, ranges.height, ranges.width):
        raise ValueError(f"Supernet {preset.name!r} takes images of {ranges.channels}x"
                         f"{ranges.height}x{ranges.width}, data set {dataset.name!r} has "
                         f"{'x'.join(map(str, dataset.image_shape))}")
    folder.mkdir(parents=True, exist_ok=True)
    training, validation = split(dataset, preset.validation)
    model, resume = Supernet(ranges, preset.recipe.seed), folder / f"{preset.name}.resume"
    fit(model, preset.recipe, training, validation, progress=progress, resume=resume)
    images = preset.recipe.augmentation(training[0][:SETTLING],
                                        torch.Generator().manual_seed(preset.recipe.seed))
    notes: dict[str, str | int | float] = {
        "supernet": preset.name, "dataset": dataset.name, "command": preset.command,
        "validation": preset.validation, "parameters": sum(p.numel() for p in model.parameters())}
    for name, largest in (("largest", True), ("smallest", False)):
        net = model.subnet(ranges.extreme(largest), images)
        notes[f"accuracy_validation_{name}"] = evaluate(net, *validation)
    save_supernet(folder / preset.checkpoint.name, model, notes)
    resume.unlink()
    return notes
