"""Folders that appear whole or not at all: written beside their place, then renamed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

__all__ = ["staged"]


@contextmanager
def staged(folder: str | Path, marker: str) -> Iterator[Path]:
    """A new empty folder that becomes ``folder`` when the block ends well.

    If the block raises, or is interrupted, ``folder`` stays as it was. What ``folder`` holds is
    replaced if it is empty or holds a file called ``marker``, which says that it was written like
    this; raises ValueError, before the block runs, for anything else.
    """
    folder = Path(folder).absolute()
    if folder.exists() or folder.is_symlink():
        _check_replaceable(folder, marker)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unique = uuid4().hex[:8]
    fresh = folder.with_name(f".{folder.name}.{unique}.new")
    stale = folder.with_name(f".{folder.name}.{unique}.old")
    fresh.mkdir()
    try:
        yield fresh
        if folder.exists():
            folder.rename(stale)
        fresh.rename(folder)
    finally:
        if not folder.exists() and stale.exists():
            stale.rename(folder)
        for rest in (fresh, stale):
            if rest.exists():
                shutil.rmtree(rest)


def _check_replaceable(folder: Path, marker: str) -> None:
    if not folder.is_dir():
        raise ValueError(f"{folder} is in the way: it is not a folder; choose another place")
    if any(folder.iterdir()) and not (folder / marker).is_file():
        raise ValueError(f"{folder} holds files but no {marker}, so it was not written by this "
                         "command and is not replaced; choose another place or empty it")
