"""What a run's folder holds, as the commands write it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

__all__ = ["ENERGY", "FRONT", "NEURONS", "REPORT", "SYNTHESIS", "VERIFICATION", "Document", "Run",
           "read_run", "write_whole"]

VERIFICATION = "verification.json"
SYNTHESIS = "synthesis.json"
FRONT = "front.json"
ENERGY = "energy.json"
NEURONS = "neurons.json"
REPORT = "report.html"

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Run:
    """The documents of a run; None for those that it has not.

    Parameters
    ----------
    verification, synthesis : Document or None
        What ``verify`` and ``synth`` found.
    front : Document or None
        What ``explore`` found: ``front``, a row for each circuit, see
        :func:`spikeloom.report.front.front_figure`.
    energy : Document or None
        What ``energy`` found, see :func:`spikeloom.energy.breakdown.breakdown`.
    neurons : Document or None
        Membranes and spikes of an image, see :mod:`spikeloom.recording`.
    """

    verification: Document | None = None
    synthesis: Document | None = None
    front: Document | None = None
    energy: Document | None = None
    neurons: Document | None = None


def read_run(folder: Path) -> Run:
    """What a run's folder holds, itself or in a folder of its own.

    Raises FileNotFoundError when it holds nothing, ValueError when something is damaged.
    """
    run = Run(verification=_read(folder, VERIFICATION), synthesis=_read(folder, SYNTHESIS),
              front=_read(folder, FRONT), energy=_read(folder, ENERGY),
              neurons=_read(folder, NEURONS))
    if run == Run():
        raise FileNotFoundError(f"{folder} has neither {VERIFICATION} nor {SYNTHESIS} nor {FRONT} "
                                f"nor {ENERGY} nor {NEURONS}; make them with `spikeloom verify -o "
                                f"{folder}` and `spikeloom synth -o {folder}`")
    return run


def _read(folder: Path, name: str) -> Document | None:
    for path in (folder / name, *sorted(folder.glob(f"*/{name}"))):
        if not path.is_file():
            continue
        try:
            document = json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(f"{path} is damaged, it is not JSON ({error}); run its command "
                             "again") from error
        if type(document) is not dict:
            raise ValueError(f"{path} is no result of ours: it holds no JSON object")
        return document
    return None


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place and rename it: whole, or as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
