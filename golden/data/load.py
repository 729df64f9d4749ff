"""Data sets by name."""

import os
from pathlib import Path

from golden.data.cifar import load_cifar10
from golden.data.dataset import Dataset
from golden.data.idx import load_idx
from golden.data.nmnist import load_nmnist
from golden.data.packaged import load_digits, load_mnist_subset

__all__ = ["FOLDER_VARIABLE", "NAMES", "load"]

FOLDER_VARIABLE = "SPIKELOOM_DATA"
"""The environment variable that names the folder of data sets where no folder is given."""

PACKAGED = {"digits": load_digits, "mnist-subset": load_mnist_subset}
FILES = {"mnist": lambda folder: load_idx("mnist", folder),
         "fashion-mnist": lambda folder: load_idx("fashion-mnist", folder),
         "cifar10": load_cifar10,
         "nmnist": load_nmnist}
NAMES = (*PACKAGED, *FILES)


def load(name: str, folder: str | Path | None = None) -> Dataset:
    """A data set: ``digits`` and ``mnist-subset`` from packages, the others from files.

    ``folder`` holds the files, or a folder of the data set's name that does; without it the
    variable ``SPIKELOOM_DATA`` says where.

    Raises
    ------
    ValueError
        For an unknown name, no folder, or a file that is not what was published.
    FileNotFoundError
        For a missing folder or file.
    """
    if name in PACKAGED:
        return PACKAGED[name]()
    if name not in FILES:
        raise ValueError(f"There is no data set {name!r}; there are {', '.join(NAMES)}")
    folder = folder or os.environ.get(FOLDER_VARIABLE)
    if not folder:
        raise ValueError(f"Data set {name!r} needs its files: name their folder, or set "
                         f"{FOLDER_VARIABLE}")
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"Data folder {folder} does not exist")
    return FILES[name](folder)
