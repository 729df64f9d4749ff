"""CIFAR-10: the published binary batches, or one PNG a batch with labels in JSON."""

import json
from pathlib import Path

import numpy as np

from golden.data.dataset import Dataset

__all__ = ["BINARY_TEST", "BINARY_TRAIN", "load_cifar10"]

BATCH = 10000
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
BINARY_TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
BINARY_TEST = "test_batch.bin"
PNG_TRAIN = tuple(f"data_batch_{i}.png" for i in range(1, 6))
PNG_TEST = "test_batch.png"
PNG_TRAIN_LABELS, PNG_TEST_LABELS = "train_lables.json", "test_lables.json"


def load_cifar10(folder: Path) -> Dataset:
    """CIFAR-10 in ``folder/cifar10``, ``folder/cifar-10-batches-bin`` or ``folder``.

    Of PNG batches any number of training batches will do; of binary ones all five are needed.
    The Python version is refused: it is a pickle, which can run code when it is read.
    """
    places = (folder / "cifar10", folder / "cifar-10-batches-bin", folder)
    for place in places:
        if (place / BINARY_TEST).is_file():
            return _load_binary(place)
        if (place / PNG_TEST).is_file():
            return _load_png(place)
    for place in (*places, folder / "cifar-10-batches-py"):
        if (place / "data_batch_1").is_file():
            raise ValueError(f"{place} has CIFAR-10's Python version, which is pickled and never "
                             "read here; use the binary version, cifar-10-binary.tar.gz")
    raise FileNotFoundError(f"No {BINARY_TEST} or {PNG_TEST} of CIFAR-10 in "
                            f"{', '.join(str(place) for place in places)}; name the folder that "
                            "has it, or download it")


def _load_binary(place: Path) -> Dataset:
    train = [_binary_batch(place / name) for name in BINARY_TRAIN]
    images, labels = (np.concatenate(parts) for parts in zip(*train, strict=True))
    return Dataset("cifar10", images, labels, *_binary_batch(place / BINARY_TEST))


def _binary_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    content = np.frombuffer(_present(path).read_bytes(), np.uint8)
    if len(content) != BATCH * RECORD:
        raise ValueError(f"{path} has {len(content)} bytes, not {BATCH * RECORD}: "
                         "not a batch of CIFAR-10; fetch it again")
    records = content.reshape(BATCH, RECORD)
    _check_labels(path, records[:, 0])
    return records[:, 1:].reshape(BATCH, *SHAPE).copy(), records[:, 0].astype(np.int64)


def _load_png(place: Path) -> Dataset:
    labels = _json_labels(place / PNG_TRAIN_LABELS, len(PNG_TRAIN) * BATCH)
    batches = [i for i, name in enumerate(PNG_TRAIN) if (place / name).is_file()]
    if not batches:
        raise FileNotFoundError(f"{place} has no {PNG_TRAIN[0]}, which CIFAR-10 needs at least")
    images = np.concatenate([_png_batch(place / PNG_TRAIN[i]) for i in batches])
    chosen = np.concatenate([labels[i * BATCH:(i + 1) * BATCH] for i in batches])
    return Dataset("cifar10", images, chosen, _png_batch(place / PNG_TEST),
                   _json_labels(place / PNG_TEST_LABELS, BATCH))


def _png_batch(path: Path) -> np.ndarray:
    from PIL import Image, UnidentifiedImageError

    width, limit = 32 * 32, Image.MAX_IMAGE_PIXELS
    try:
        # one image a row makes a batch larger than what Pillow takes for an attack
        Image.MAX_IMAGE_PIXELS = width * BATCH
        with Image.open(_present(path)) as image:
            if (image.size, image.mode) != ((width, BATCH), "RGB"):
                raise ValueError(f"{path} is {image.mode} of {image.size[0]}x{image.size[1]}, "
                                 f"not RGB of {width}x{BATCH}: not a batch of CIFAR-10")
            pixels = np.asarray(image)
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path} is damaged or no PNG ({error}); fetch it again") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit
    return pixels.reshape(BATCH, 32, 32, 3).transpose(0, 3, 1, 2).copy()


def _json_labels(path: Path, count: int) -> np.ndarray:
    try:
        labels = np.array(json.loads(_present(path).read_text()))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}); fetch it again") from error
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise ValueError(f"{path} is not a list of {count} labels")
    _check_labels(path, labels)
    return labels.astype(np.int64)


def _check_labels(path: Path, labels: np.ndarray) -> None:
    if labels.min() < 0 or labels.max() > 9:
        raise ValueError(f"{path} has label {labels.max()}, outside 0..9")


def _present(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; CIFAR-10 needs it")
    return path
