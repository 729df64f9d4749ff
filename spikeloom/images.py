"""The images that a command works on."""

from pathlib import Path

import click
import numpy as np

from golden.checkpoints import Notes
from golden.data import NAMES, Dataset, in_levels, load, load_user
from golden.run import image_shape
from ir import Graph

__all__ = ["default_data", "find_data", "folding_images", "test_images"]

FOLDED_FOR = 16
"""Training images for whose activity a circuit is folded."""


def default_data(notes: Notes) -> str | None:
    """The data set that a graph or a checkpoint was made for, as its notes say."""
    name = notes.get("dataset")
    return None if name is None else str(name)


def find_data(data: str | None, folder: Path | None, default: str | None) -> Dataset:
    """The data set that was named, or else the default; ``folder`` has the standard files."""
    name = data or default
    if name is None:
        raise click.UsageError("Say which data set to take: --data NAME or PATH; names: "
                               f"{', '.join(NAMES)}")
    if name in NAMES:
        return load(name, folder)
    if not Path(name).exists():
        raise ValueError(f"There is no data set {name!r}, and no such file or folder; there are "
                         f"{', '.join(NAMES)}")
    try:
        return load_user(name)
    except TypeError as error:
        raise ValueError(str(error)) from error


def test_images(dataset: Dataset, graph: Graph, count: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The first ``count`` test images and labels of a data set; all for None.

    Pixels have as many grey levels as the graph takes, see :func:`golden.data.in_levels`. Raises
    ValueError when there are not so many images, or the graph takes others.
    """
    _check_shape(dataset, graph)
    there = len(dataset.test_images)
    if count is not None and count > there:
        raise ValueError(f"Data set {dataset.name!r} has {there} test images, not {count}")
    return in_levels(dataset.test_images[:count], graph.image), dataset.test_labels[:count]


def folding_images(dataset: Dataset, graph: Graph) -> np.ndarray:
    """Training images whose activity a circuit is folded for; ValueError as :func:`test_images`."""
    _check_shape(dataset, graph)
    return in_levels(dataset.train_images[:FOLDED_FOR], graph.image)


def _check_shape(dataset: Dataset, graph: Graph) -> None:
    if dataset.image_shape != image_shape(graph):
        raise ValueError(f"Network {graph.name!r} takes images of "
                         f"{'x'.join(map(str, image_shape(graph)))}, data set "
                         f"{dataset.name!r} has {'x'.join(map(str, dataset.image_shape))}")
