"""Spikformer-1-384 trained on CIFAR-10, as far as a quarter of an hour on one processor goes."""

from pathlib import Path

import numpy as np
import torch

from golden.augment import Augmentation
from golden.checkpoints import load_checkpoint, save_checkpoint
from golden.data import Dataset
from golden.fit import Recipe, fit
from golden.net import Net
from golden.zoo.spikformer import spikformer

__all__ = ["STEPS", "about", "trained"]

FILE = "spikformer-1-384.safetensors"
STEPS = 4

SINGLE = Recipe(epochs=1, batch=32, learning_rate=2e-3, augmentation=Augmentation(mirror=True))
"""Of the training on one time step: a fifth of the work that four are."""

TUNING = Recipe(epochs=1, batch=32, learning_rate=5e-4)
TUNED = 1280
"""Images of the training on all time steps, after it."""

WATCHED = 100


def about(images: int) -> str:
    """How it was trained, on so many images."""
    return (f"trained {SINGLE.epochs} epoch of {images} CIFAR-10 images on one time step and "
            f"{TUNING.epochs} of {min(TUNED, images)} on {STEPS}")


def trained(data: Dataset, folder: Path | None) -> Net:
    """The network; from ``folder``, or trained and kept there. Raises what the loader raises."""
    recipe = f"{about(len(data.train_images))}: {SINGLE}, {TUNING}"
    path = None if folder is None else folder / FILE
    if path is not None and path.is_file():
        net, notes = load_checkpoint(path)
        if notes.get("recipe") == recipe:
            return net
    images, labels = torch.from_numpy(data.train_images), torch.from_numpy(data.train_labels)
    watched = _pair(data.test_images, data.test_labels)
    first, net = _net(1), _net(STEPS)
    fit(first, SINGLE, (images, labels), watched)
    net.load_state_dict(first.state_dict())
    fit(net, TUNING, (images[:TUNED], labels[:TUNED]), watched)
    if path is not None:
        save_checkpoint(path, net, {"recipe": recipe})
    return net


def _pair(images: np.ndarray, labels: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(images[:WATCHED]), torch.from_numpy(labels[:WATCHED])


def _net(steps: int) -> Net:
    return spikformer(channels=3, height=32, width=32, classes=10, steps=steps, dim=384, heads=12,
                      blocks=1)
