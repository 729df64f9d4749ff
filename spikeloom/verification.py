"""`verify` in full: circuit against integer network on a data set, with all figures of the run."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from flows import get_target
from golden.preset import Preset
from ir.folder import digest
from sim.verify import Verification
from spikeloom.analysis import analyse
from spikeloom.design import DEFAULT_TARGET, Design
from spikeloom.quantization import float_accuracy

__all__ = ["TRACED", "measure"]

TRACED = 500
"""Images of which every tensor is compared, unless somebody says otherwise."""

StageOf = Callable[[str, int], AbstractContextManager[Callable[..., None] | None]]
"""Announces work by its name and amount, and gives what is told how much of it is done."""


def measure(design: Design, images: np.ndarray, labels: np.ndarray, *,
            preset: Preset | None = None, trace_images: int = TRACED,
            processes: int | None = None,
            stage: StageOf = lambda name, total: nullcontext()) -> dict[str, Any]:
    """Verify a design and say all that is known of the run, as JSON's own types.

    ``images`` are uint8 ``[N, C, H, W]``, ``labels`` integers ``[N]``. With a preset, its float
    model is measured on the same images.
    """
    accuracy = None
    if preset is not None:
        accuracy = float_accuracy(preset.float_checkpoint, images, labels)
    with stage(f"Simulate {len(images)} images and compare", len(images)) as progress:
        found = design.verify(images, labels, trace_images=trace_images, processes=processes,
                              progress=progress)
    with stage("Count operations and cycles", len(images)) as progress:
        analysis = analyse(design, images, progress=progress)
    result = {
        "preset": preset.name if preset else None,
        "network": design.graph.name,
        "digest": digest(design.graph),
        "target": design.target,
        "clock_mhz": get_target(design.target or DEFAULT_TARGET).clock_mhz,
        "accuracy_float": accuracy,
        **_found(found),
        **analysis.as_dict(),
        "notes": dict(design.graph.notes),
    }
    result["images"] = found.images
    result["bound_ratio"] = _ratio(analysis.bound_cycles_per_image, found.cycles_per_image)
    for layer in result["layers"]:
        layer["latency_cycles"] = found.latency.get(layer["name"])
    return result


def _found(found: Verification) -> dict[str, Any]:
    difference = found.first_difference
    return {
        "images": found.images, "traced_images": found.traced_images,
        "traced_tensors": len(found.tensors),
        "values_compared": found.values_compared, "mismatches": found.mismatches,
        "first_difference": None if difference is None else {
            **vars(difference), "position": list(difference.position), "text": str(difference)},
        "accuracy_integer": found.accuracy_integer, "accuracy_circuit": found.accuracy_circuit,
        "cycles_per_image": found.cycles_per_image,
        "latency_cycles": found.latency["m_axis"], "simulated_cycles": found.cycles,
        "seconds": round(found.seconds, 1), "build_seconds": round(found.build_seconds, 1),
    }


def _ratio(bound: float, measured: float | None) -> float | None:
    return None if not measured else bound / measured
