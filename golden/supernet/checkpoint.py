"""Supernets on disk: one safetensors file with their ranges, whole or not at all."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from golden.checkpoints import Notes
from golden.supernet.ranges import Ranges
from golden.supernet.supernet import Supernet

__all__ = ["load_supernet", "save_supernet"]

FORMAT = "spikeloom supernet 1"


def save_supernet(path: str | Path, model: Supernet, notes: Notes) -> None:
    """Write a supernet beside its place and rename it; the same one gives the same bytes."""
    path = Path(path)
    record = {"ranges": model.ranges.to_json(), "seed": model.seed, "notes": dict(notes)}
    tensors = {name: value.detach().clone().contiguous()
               for name, value in sorted(model.state_dict().items())}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(save(tensors, {FORMAT: json.dumps(record, sort_keys=True)}))
    os.replace(beside, path)


def load_supernet(path: str | Path) -> tuple[Supernet, Notes]:
    """The supernet and its notes.

    Raises FileNotFoundError without the file, ValueError for one that is damaged or foreign.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no supernet {path}")
    try:
        with safe_open(path, "pt") as file:
            metadata: Mapping[str, str] = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error})") from error
    if FORMAT not in metadata:
        raise ValueError(f"{path} is no {FORMAT!r}: it says {', '.join(metadata) or 'nothing'}")
    try:
        record = json.loads(metadata[FORMAT])
        model = Supernet(Ranges.from_json(record["ranges"]), record["seed"])
        model.load_state_dict(tensors)
        return model.eval(), record["notes"]
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a whole supernet: {error}") from error
