"""The IDX files of MNIST and Fashion-MNIST, plain or gzipped."""

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.data.dataset import Dataset

__all__ = ["IDX_FILES", "IdxFile", "load_idx", "read_idx"]

UBYTE = 8
"""The code of unsigned bytes in the third byte of an IDX file."""


@dataclass(frozen=True)
class IdxFile:
    """One of the four published files: its name without ``.gz``, and its array's shape."""

    name: str
    shape: tuple[int, ...]


IDX_FILES = (IdxFile("train-images-idx3-ubyte", (60000, 28, 28)),
             IdxFile("train-labels-idx1-ubyte", (60000,)),
             IdxFile("t10k-images-idx3-ubyte", (10000, 28, 28)),
             IdxFile("t10k-labels-idx1-ubyte", (10000,)))


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The unsigned bytes of an IDX file, plain or gzipped, which must have this shape.

    Raises ValueError for a damaged, truncated or foreign file.
    """
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path} is damaged or truncated ({error}); fetch it again"
                             ) from error
    magic = bytes([0, 0, UBYTE, len(shape)])
    if content[:4] != magic:
        raise ValueError(f"{path} is no IDX file of {len(shape)} axes of bytes: it starts with "
                         f"{content[:4].hex()}, not {magic.hex()}")
    start = 4 + 4 * len(shape)
    found = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    if found != shape:
        raise ValueError(f"{path} holds {found}, not {shape}: not the published file")
    if len(content) != start + math.prod(shape):
        raise ValueError(f"{path} has {len(content)} bytes, not {start + math.prod(shape)}; "
                         "it is truncated or has something appended; fetch it again")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def load_idx(name: str, folder: Path) -> Dataset:
    """The four files of ``name`` in ``folder/name`` or ``folder``, each ``.gz`` or not."""
    place = next((place for place in (folder / name, folder) if _find(place, IDX_FILES[0])), None)
    if place is None:
        raise FileNotFoundError(f"No {IDX_FILES[0].name}[.gz] of {name} in {folder / name} "
                                f"or {folder}; name the folder that has it, or download it")
    arrays = []
    for file in IDX_FILES:
        path = _find(place, file)
        if path is None:
            raise FileNotFoundError(f"{place} has no {file.name}[.gz]; {name} needs all of "
                                    + ", ".join(file.name for file in IDX_FILES))
        arrays.append(read_idx(path, file.shape))
    train_images, train_labels, test_images, test_labels = arrays
    for labels, file in ((train_labels, IDX_FILES[1]), (test_labels, IDX_FILES[3])):
        if labels.max() > 9:
            raise ValueError(f"{place / file.name} has label {labels.max()}, outside 0..9")
    return Dataset(name, train_images[:, None].copy(), train_labels, test_images[:, None].copy(),
                   test_labels)


def _find(place: Path, file: IdxFile) -> Path | None:
    return next((path for path in (place / f"{file.name}.gz", place / file.name)
                 if path.is_file()), None)
