"""N-MNIST: handwritten digits seen by an event camera, as frames that count events."""

import zipfile
from pathlib import Path

import numpy as np

from golden.data.dataset import Dataset

__all__ = ["DURATION", "MOST", "NMNIST_FILES", "STEPS", "load_nmnist"]

STEPS = 4
"""Frames of a recording."""

SIZE = 34
DURATION = 336041
"""Microseconds that are divided into frames: the longest recording's."""

MOST = 15
"""Events of a pixel in a frame that are counted; more count as so many."""

NMNIST_FILES = ("train.npz", "test.npz")
KEYS = ("x", "y", "p", "t_us", "offsets", "labels")


def load_nmnist(folder: Path) -> Dataset:
    """N-MNIST in ``folder/nmnist``, ``folder/nmnist-small`` or ``folder``.

    ``train.npz`` and ``test.npz`` hold the recordings' events one after the other: ``x``, ``y``
    (0..33), ``p`` (0, 1: darker, brighter) and ``t_us``; recording ``i`` is
    ``offsets[i] .. offsets[i + 1]``, and ``labels`` has its digit. A frame counts the events of a
    quarter of 336 ms for each polarity: images are uint8 ``[N, 4, 2, 34, 34]``, 0 to 15.
    """
    places = (folder / "nmnist", folder / "nmnist-small", folder)
    place = next((place for place in places if (place / NMNIST_FILES[0]).is_file()), None)
    if place is None:
        raise FileNotFoundError(f"No {NMNIST_FILES[0]} of N-MNIST in "
                                f"{', '.join(str(place) for place in places)}; name the folder "
                                "that has it")
    return Dataset("nmnist", *_part(place / NMNIST_FILES[0]), *_part(place / NMNIST_FILES[1]))


def _part(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Frames and labels of one file."""
    arrays = _arrays(path)
    if missing := [key for key in KEYS if key not in arrays]:
        raise ValueError(f"{path} has no array {missing[0]!r}; it needs {', '.join(KEYS)}")
    x, y, p, t, offsets, labels = (arrays[key].astype(np.int64) for key in KEYS)
    if not len(x) == len(y) == len(p) == len(t) == offsets[-1] or (np.diff(offsets) < 0).any():
        raise ValueError(f"{path} has {len(x)} events, which its offsets up to {offsets[-1]} do "
                         "not divide into recordings")
    for name, values, high in (("x", x, SIZE - 1), ("y", y, SIZE - 1), ("p", p, 1),
                               ("t_us", t, DURATION - 1), ("labels", labels, 9)):
        if values.size and (values.min() < 0 or values.max() > high):
            raise ValueError(f"{path} has {name} {values.min()}..{values.max()}, outside "
                             f"0..{high}")
    recording = np.repeat(np.arange(len(labels)), np.diff(offsets))
    shape = (len(labels), STEPS, 2, SIZE, SIZE)
    counts = np.bincount(np.ravel_multi_index((recording, t * STEPS // DURATION, p, y, x), shape),
                         minlength=int(np.prod(shape)))
    return np.minimum(counts, MOST).astype(np.uint8).reshape(shape), labels


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; N-MNIST needs it")
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive}
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is damaged or no npz ({error})") from error
