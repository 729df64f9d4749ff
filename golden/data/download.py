"""Fetches published data sets from public mirrors; what arrives is checked before it is kept."""

import gzip
import hashlib
import io
import os
import tarfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from golden.data.cifar import BINARY_TEST, BINARY_TRAIN
from golden.data.idx import IDX_FILES

__all__ = ["MIRRORS", "download"]

MIRRORS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "mnist": ("https://ossci-datasets.s3.amazonaws.com/mnist/",
              "https://storage.googleapis.com/cvdf-datasets/mnist/"),
    "fashion-mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",),
    "cifar10": ("https://www.cs.toronto.edu/~kriz/",),
})
"""Folders that hold the published files, https only, tried in this order."""

CONTENT: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "mnist": ("ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
              "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
              "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
              "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    "fashion-mnist": ("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
})
"""SHA-256 of each file's content after decompression: mirrors compress alike files differently."""

CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"
CIFAR_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"

Fetch = Callable[[str], bytes]


def download(name: str, folder: str | Path, *, fetch: Fetch | None = None) -> Path:
    """Fetch data set ``name`` into ``folder/name``, and return that folder.

    Every file is checked by SHA-256, written beside and renamed; files that are there already
    and right are kept. ``fetch`` gets a URL's bytes, and is replaceable.

    Raises
    ------
    ValueError
        For a name without mirrors.
    OSError
        When no mirror gives the right content; says what each gave.
    """
    if name not in MIRRORS:
        raise ValueError(f"There is no download of {name!r}; there is of {', '.join(MIRRORS)}")
    place = Path(folder) / name
    place.mkdir(parents=True, exist_ok=True)
    fetch = fetch or _get
    if name == "cifar10":
        _download_cifar(place, fetch)
        return place
    for file, digest in zip(IDX_FILES, CONTENT[name], strict=True):
        target = place / f"{file.name}.gz"
        if target.is_file() and _matches(target.read_bytes(), digest):
            continue
        _write(target, _first(name, target.name, lambda c, d=digest: _matches(c, d), fetch))
    return place


def _download_cifar(place: Path, fetch: Fetch) -> None:
    names = (*BINARY_TRAIN, BINARY_TEST)
    if all((place / name).is_file() for name in names):
        return
    content = _first("cifar10", CIFAR_ARCHIVE,
                     lambda c: hashlib.sha256(c).hexdigest() == CIFAR_SHA256, fetch)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for name in names:
            member = archive.extractfile(f"cifar-10-batches-bin/{name}")
            if member is None:
                raise OSError(f"{CIFAR_ARCHIVE} has no {name}")
            _write(place / name, member.read())


def _first(name: str, file: str, right: Callable[[bytes], bool], fetch: Fetch) -> bytes:
    """The content of ``file`` from the first mirror that has it right."""
    failures = []
    for mirror in MIRRORS[name]:
        try:
            content = fetch(mirror + file)
        except (urllib.error.URLError, OSError) as error:
            failures.append(f"{mirror + file}: {error}")
            continue
        if right(content):
            return content
        failures.append(f"{mirror + file}: {len(content)} bytes with another checksum")
    raise OSError(f"Could not download {name}: " + "; ".join(failures))


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as response:
        return response.read()


def _matches(compressed: bytes, digest: str) -> bool:
    try:
        content = gzip.decompress(compressed)
    except (EOFError, OSError, zlib.error):
        return False
    return hashlib.sha256(content).hexdigest() == digest


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    os.replace(beside, path)
