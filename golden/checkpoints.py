"""Trained models as safetensors files: numbers and text, nothing that runs when it is read."""

from collections.abc import Mapping
from pathlib import Path

from golden.net import Net
from golden.quantize import QuantizedNet, Scheme
from golden.tensor_file import read_tensors, write_tensors
from golden.zoo import ARCHITECTURES

__all__ = ["FOLDER", "load_checkpoint", "save_checkpoint"]

FOLDER = Path(__file__).parent / "checkpoints"
"""Where the shipped checkpoints lie."""

FORMAT = "spikeloom checkpoint 2"

Notes = Mapping[str, str | int | float]


def save_checkpoint(path: str | Path, model: Net, notes: Notes | None = None) -> None:
    """Write a model and what is worth knowing about it, beside and renamed: whole or not at all.

    The same model and notes give the same bytes. Raises ValueError for a network that no
    architecture of :mod:`golden.zoo` has built: nothing could read it back.
    """
    if model.architecture not in ARCHITECTURES:
        raise ValueError("A checkpoint is of an architecture of golden.zoo, not of "
                         f"{model.architecture!r}")
    record = {"architecture": model.architecture, "arguments": model.arguments,
              "notes": dict(notes or {})}
    if isinstance(model, QuantizedNet):
        record["scheme"] = model.scheme.to_json()
        record["activity"] = model.activity
    write_tensors(path, FORMAT, record, model.state_dict())


def load_checkpoint(path: str | Path) -> tuple[Net, Notes]:
    """The model, ready to use, and its notes.

    Raises FileNotFoundError without the file, ValueError for one that is damaged or foreign.
    """
    record, tensors = read_tensors(path, FORMAT, "checkpoint")
    try:
        model, notes = ARCHITECTURES[record["architecture"]](**record["arguments"]), record["notes"]
        if "scheme" in record:
            model = QuantizedNet(model, Scheme.from_json(record["scheme"]))
            model.activity = dict(record.get("activity", {}))
        model.load_state_dict(tensors)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a whole checkpoint: {error}") from error
    return model.eval(), notes
