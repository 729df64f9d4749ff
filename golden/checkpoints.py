"""Trained models as safetensors files: numbers and text, nothing that runs when it is read."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from golden.models import ModelConfig, SpikingTransformer
from golden.quantize import QuantizedModel, Scheme

__all__ = ["FOLDER", "load_checkpoint", "save_checkpoint"]

FOLDER = Path(__file__).parent / "checkpoints"
"""Where the shipped checkpoints lie."""

FORMAT = "spikeloom checkpoint 1"

Notes = Mapping[str, str | int | float]


def save_checkpoint(path: str | Path, model: SpikingTransformer | QuantizedModel,
                    notes: Notes | None = None) -> None:
    """Write a model and what is worth knowing about it, beside and renamed: whole or not at all.

    The same model and notes give the same bytes.
    """
    path = Path(path)
    record = {"config": model.config.to_json(), "notes": dict(notes or {})}
    if isinstance(model, QuantizedModel):
        record["scheme"] = model.scheme.to_json()
    # one entry only: the library writes several in any order
    metadata = {FORMAT: json.dumps(record, sort_keys=True)}
    tensors = {name: value.detach().clone().contiguous()
               for name, value in sorted(model.state_dict().items())}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(save(tensors, metadata))
    os.replace(beside, path)


def load_checkpoint(path: str | Path) -> tuple[SpikingTransformer | QuantizedModel, Notes]:
    """The model, ready to use, and its notes.

    Raises FileNotFoundError without the file, ValueError for one that is damaged or foreign.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no checkpoint {path}")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error})") from error
    if FORMAT not in metadata:
        raise ValueError(f"{path} is no {FORMAT!r}: it says {', '.join(metadata) or 'nothing'}")
    try:
        record = json.loads(metadata[FORMAT])
        config, notes = ModelConfig.from_json(record["config"]), record["notes"]
        model = (QuantizedModel(config, Scheme.from_json(record["scheme"]))
                 if "scheme" in record else SpikingTransformer(config))
        model.load_state_dict(tensors)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a whole checkpoint: {error}") from error
    return model.eval(), notes
