"""The figures of a run with their kinds, as tables and the report show them."""

from collections.abc import Mapping
from typing import Any

from flows import get_target
from spikeloom.terminal import percent

__all__ = ["agrees", "available", "image_rate", "mapped_summary", "summary"]

Document = Mapping[str, Any]
Row = tuple[str, str, Any]


def agrees(found: Document) -> bool:
    """Whether values were compared and none differs: where none was compared, nothing is known."""
    return found["values_compared"] > 0 and found["mismatches"] == 0


def summary(verification: Document | None, synthesis: Document | None) -> list[Row]:
    """Name, kind and value of every figure, in the order to show them in."""
    rows: list[Row] = []
    if verification is not None:
        rows += _verified(verification)
    if synthesis is not None:
        rows += _placed(synthesis)
    if verification is not None and synthesis is not None:
        rate = image_rate(verification, synthesis)
        rows.append(("images per second", "measured", rate))
    if verification is not None:
        rows += _modelled(verification)
    return rows


def mapped_summary(found: Document) -> list[Row]:
    """The figures of a mapped netlist that ran."""
    return [
        ("images compared", "measured", found["images"]),
        ("images with random pauses", "measured", found["stalled_images"]),
        ("values compared", "measured", found["values_compared"]),
        ("mismatches", "measured", found["mismatches"]),
        ("cycles per image", "measured", found["cycles_per_image"]),
        ("LUT", "estimated", found["cells"]["luts"]),
        ("flip-flops", "estimated", found["cells"]["ffs"]),
        ("block RAM", "estimated", found["cells"]["brams"]),
    ]


def _verified(found: Document) -> list[Row]:
    return [
        ("accuracy, float model", "measured", percent(found["accuracy_float"])),
        ("accuracy, integer network", "measured", percent(found["accuracy_integer"])),
        ("accuracy, circuit", "measured", percent(found["accuracy_circuit"])),
        ("images compared", "measured", found["images"]),
        ("images with every tensor compared", "measured", found["traced_images"]),
        ("values compared", "measured", found["values_compared"]),
        ("mismatches", "measured", found["mismatches"]),
        ("cycles per image", "measured", found["cycles_per_image"]),
        ("cycles per image, cost model", "estimated", found["estimated_cycles_per_image"]),
        ("cycles per image, lower bound", "estimated", found["bound_cycles_per_image"]),
        ("bound / measured", "estimated", found["bound_ratio"]),
        ("slowest stage", "estimated", found["slowest"]),
        ("latency of one image, cycles", "measured", found["latency_cycles"]),
    ]


def _placed(placed: Document) -> list[Row]:
    return [
        ("LUT", "measured", placed["luts"]),
        ("flip-flops", "measured", placed["ffs"]),
        ("block RAM", "measured", placed["brams"]),
        ("multipliers (DSP)", "measured", placed["dsps"]),
        ("Fmax, MHz", "measured", placed["fmax_mhz"]),
        ("clock constraint met", "measured", placed["met"]),
    ]


def _modelled(found: Document) -> list[Row]:
    energy = found["energy"]
    return [
        ("synaptic operations per image", "modelled", energy["sops"]),
        ("multiply-accumulates per image", "modelled", energy["macs"]),
        ("energy per image, 45 nm int8, nJ", "modelled", energy["int8_nj"]),
        ("energy per image, 45 nm fp32, nJ", "modelled", energy["fp32_nj"]),
        ("reading weights per image, nJ", "modelled", energy["weight_memory_nj"]),
    ]


def image_rate(verification: Document, synthesis: Document) -> float | None:
    """Images per second at the clock that was asked for, or at Fmax where that was missed."""
    cycles, fmax = verification["cycles_per_image"], synthesis["fmax_mhz"]
    if not cycles or fmax is None:
        return None
    return 1e6 * min(fmax, synthesis["clock_mhz"]) / cycles


def available(target: str) -> dict[str, int]:
    """Resources that a target has."""
    return dict(vars(get_target(target).budget))
