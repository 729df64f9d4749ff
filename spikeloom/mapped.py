"""`verify --mapped`: what synthesis made of a circuit, against the integer network."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from flows import map_design
from ir.folder import digest
from sim.netlist import verify_netlist
from spikeloom.design import Design

__all__ = ["KIND", "MAPPED", "measure_mapped"]

MAPPED = "mapped.json"
"""The document of such a run, in its folder."""

KIND = "mapped netlist"
"""What was simulated, as the document says."""

StageOf = Callable[[str, int], AbstractContextManager[Callable[..., None] | None]]


def measure_mapped(design: Design, images: np.ndarray, target: str, *,
                   processes: int | None = None, progress: Callable[[str], None] | None = None,
                   stage: StageOf = lambda name, total: nullcontext()) -> dict[str, Any]:
    """Map a design to the cells of a target, run images through them, and say what was found.

    The netlist is the one that is placed, registers moved into block RAMs included; whether it
    fits the target does not matter. All logits must be the integer network's, and each image's
    cycles those of the Verilog. Images are uint8 ``[N, C, H, W]``. Raises what
    :func:`flows.map_design` and :func:`sim.netlist.verify_netlist` raise.
    """
    with _folder(design) as folder:
        mapped = map_design(folder, target, progress=progress)
        with stage(f"Simulate {len(images)} images, Verilog and netlist", len(images)) as done:
            found = verify_netlist(folder, mapped.folder, mapped.sources, images,
                                   processes=processes, progress=done)
    difference = found.first_difference
    return {
        "kind": KIND,
        "network": design.graph.name,
        "digest": digest(design.graph),
        "target": mapped.target,
        "cells": mapped.usage.as_dict(),
        "images": found.images,
        "stalled_images": found.stalled_images,
        "values_compared": found.values_compared,
        "mismatches": found.mismatches,
        "first_difference": None if difference is None else {
            **vars(difference), "position": list(difference.position), "text": str(difference)},
        "cycles_per_image": found.cycles_per_image,
        "simulated_cycles": found.cycles,
        "seconds": round(found.seconds, 1),
        "build_seconds": round(found.build_seconds + mapped.seconds, 1),
        "versions": mapped.versions,
    }


@contextmanager
def _folder(design: Design) -> Iterator[Path]:
    """The design's own rtl folder, or one for the time being."""
    if design.folder is not None:
        yield design.folder
        return
    with TemporaryDirectory(prefix="spikeloom-") as room:
        design.write(Path(room) / "rtl")
        yield Path(room) / "rtl"
