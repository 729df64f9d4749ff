"""Supernets on disk: one safetensors file with their ranges, whole or not at all."""

from pathlib import Path

from golden.checkpoints import Notes
from golden.supernet.ranges import Ranges
from golden.supernet.supernet import Supernet
from golden.tensor_file import read_tensors, write_tensors

__all__ = ["load_supernet", "save_supernet"]

FORMAT = "spikeloom supernet 1"


def save_supernet(path: str | Path, model: Supernet, notes: Notes) -> None:
    """Write a supernet beside its place and rename it; the same one gives the same bytes."""
    record = {"ranges": model.ranges.to_json(), "seed": model.seed, "notes": dict(notes)}
    write_tensors(path, FORMAT, record, model.state_dict())


def load_supernet(path: str | Path) -> tuple[Supernet, Notes]:
    """The supernet and its notes.

    Raises FileNotFoundError without the file, ValueError for one that is damaged or foreign.
    """
    record, tensors = read_tensors(path, FORMAT, "supernet")
    try:
        model = Supernet(Ranges.from_json(record["ranges"]), record["seed"])
        model.load_state_dict(tensors)
        return model.eval(), record["notes"]
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a whole supernet: {error}") from error
