"""A user's own data: a folder of images by class, or an npz."""

import zipfile
from pathlib import Path

import numpy as np

from golden.data.dataset import Dataset

__all__ = ["load_user"]

KEYS = ("train_images", "train_labels", "test_images", "test_labels")
SUFFIXES = (".png", ".bmp", ".pgm", ".ppm", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".webp")


def load_user(path: str | Path) -> Dataset:
    """A data set from a file ``*.npz`` or a folder.

    An npz holds ``train_images``, ``train_labels``, ``test_images`` and ``test_labels``: images
    uint8 ``[N, H, W]``, ``[N, H, W, 3]`` or ``[N, C, H, W]``, labels integers ``[N]``.

    A folder holds ``train/CLASS/*`` and ``test/CLASS/*``: images of one size, all grey or all
    coloured. Classes are numbered in the order of their names.

    Raises
    ------
    FileNotFoundError
        For a missing path or part.
    TypeError, ValueError
        For anything that is no such data set; names file, rule and value.
    """
    path = Path(path)
    if path.is_dir():
        return _load_folder(path)
    if not path.is_file():
        raise FileNotFoundError(f"User data {path} does not exist")
    if path.suffix != ".npz":
        raise ValueError(f"User data {path} is neither a folder nor an .npz file")
    return _load_npz(path)


def _load_npz(path: Path) -> Dataset:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if missing := [key for key in KEYS if key not in archive]:
                raise ValueError(f"{path} has no array {missing[0]!r}; it needs "
                                 f"{', '.join(KEYS)}")
            arrays = [archive[key] for key in KEYS]
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise ValueError(f"{path} is damaged or no npz ({error})") from error
    train_images, train_labels, test_images, test_labels = arrays
    return Dataset(path.stem, _channels_first(train_images), train_labels,
                   _channels_first(test_images), test_labels)


def _channels_first(images: np.ndarray) -> np.ndarray:
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[-1] == 3 and images.shape[1] not in (1, 3):
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return images


def _load_folder(path: Path) -> Dataset:
    parts = {}
    for part in ("train", "test"):
        if not (path / part).is_dir():
            raise FileNotFoundError(f"User data {path} has no folder {part!r}; it needs "
                                    "train/CLASS/* and test/CLASS/*")
        parts[part] = sorted(place.name for place in (path / part).iterdir() if place.is_dir())
    if not parts["train"]:
        raise ValueError(f"{path / 'train'} has no folders of classes")
    if parts["train"] != parts["test"]:
        odd = sorted(set(parts["train"]) ^ set(parts["test"]))
        raise ValueError(f"{path}: class {odd[0]!r} is not in both train and test")
    arrays: list[np.ndarray] = []
    for part in ("train", "test"):
        images, labels = [], []
        for label, name in enumerate(parts[part]):
            files = sorted(file for file in (path / part / name).iterdir()
                           if file.suffix.lower() in SUFFIXES)
            if not files:
                raise ValueError(f"{path / part / name} has no images "
                                 f"({', '.join(SUFFIXES)})")
            images += [_read_image(file) for file in files]
            labels += [label] * len(files)
            for file, image in zip(files, images[-len(files):], strict=True):
                if image.shape != images[0].shape:
                    raise ValueError(f"{file} is {list(image.shape)}, other images of {path} are "
                                     f"{list(images[0].shape)} (channels, rows, columns)")
        arrays += [np.stack(images), np.array(labels, np.int64)]
    return Dataset(path.name, *arrays)


def _read_image(file: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            grey = image.mode in ("1", "L")
            pixels = np.asarray(image.convert("L" if grey else "RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"{file} is damaged or no image ({error})") from error
    return pixels[None] if grey else np.ascontiguousarray(pixels.transpose(2, 0, 1))
