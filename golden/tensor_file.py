"""Tensors and a record about them in one safetensors file, whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

__all__ = ["read_tensors", "write_tensors"]


def write_tensors(path: str | Path, form: str, record: Mapping[str, Any],
                  tensors: Mapping[str, Tensor]) -> None:
    """Write tensors and a record that JSON can hold beside their place, and rename the file.

    ``form`` says what kind of file it is, and its version. The same input gives the same bytes.
    """
    path = Path(path)
    # one entry only: the library writes several in any order
    metadata = {form: json.dumps(record, sort_keys=True)}
    found = {name: value.detach().clone().contiguous() for name, value in sorted(tensors.items())}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(save(found, metadata))
    os.replace(beside, path)


def read_tensors(path: str | Path, form: str,
                 what: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The record and the tensors of a file of that form; ``what`` names its content in errors.

    Raises FileNotFoundError without the file, ValueError for one that is damaged or foreign.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no {what} {path}")
    try:
        with safe_open(path, "pt") as file:
            metadata: Mapping[str, str] = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error})") from error
    if form not in metadata:
        raise ValueError(f"{path} is no {form!r}: it says {', '.join(metadata) or 'nothing'}")
    try:
        return json.loads(metadata[form]), tensors
    except ValueError as error:
        raise ValueError(f"{path} is not a whole {what}: {error}") from error
