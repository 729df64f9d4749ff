"""A winner in full: trained on, run image by image against its integers, placed and routed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.errors import TooLarge, ToolFailed
from golden.run import accuracy, trace
from sim.pool import SimulationError
from spikeloom.design import read_design
from spikeloom.energy.conventions import MODELLED
from spikeloom.explore.space import Space
from spikeloom.explore.trial import Row, design_of, energy_of, network_of, pictures
from spikeloom.summary import agrees

__all__ = ["broken", "confirm", "proven"]

MEASURED = "measured"


def confirm(space: Space, point: Mapping[str, Any], data_dir: str | None, folder: str) -> Row:
    """Measure the circuit of a point; its design stays in ``folder``.

    The accuracy is the integer network's on all test images, the cycles are the simulated
    circuit's, area and clock those of the placed one. A circuit that stops in simulation, or that
    the tools cannot place in time, has a ``reason`` instead of figures.
    """
    dataset, training, held = pictures(space.supernet, data_dir)
    rules = space.confirm
    model = network_of(space, point, training, held, epochs=rules.epochs)
    graph = model.graph(space.name, {"supernet": space.supernet, "dataset": dataset.name})
    design_of(graph, point, held[0][:space.trial.timed].numpy()).write(folder)
    design = read_design(folder)
    images, labels = dataset.test_images[:rules.images], dataset.test_labels[:rules.images]
    try:
        found = design.verify(images, labels, trace_images=rules.traced, processes=1)
    except SimulationError as error:
        return {"point": dict(point), "reason": str(error).partition("\n")[0], "stopped": True}
    wanted = float(point["clock_mhz"])
    try:
        placed = design.synthesize(point["target"], clock_mhz=wanted, seed=rules.seed,
                                   minutes=rules.minutes)
    except (TooLarge, ToolFailed) as error:
        return {"point": dict(point), "reason": str(error).partition("\n")[0]}
    clock = min(placed.fmax_mhz or wanted, wanted)
    first = found.first_difference
    return {
        "point": dict(point), "network": space.design(point)["network"],
        "accuracy": accuracy(graph, dataset.test_images, dataset.test_labels),
        "accuracy_images": len(dataset.test_images),
        "energy_uj": energy_of(graph, trace(graph, images[:rules.traced])), "energy_kind": MODELLED,
        "latency_us": found.latency["m_axis"] / clock, "latency_cycles": found.latency["m_axis"],
        "cycles_per_image": found.cycles_per_image, "target": point["target"],
        "clock_mhz": wanted, "fmax_mhz": placed.fmax_mhz,
        "clock_met": placed.met, "luts": placed.luts, "ffs": placed.ffs, "brams": placed.brams,
        "dsps": placed.dsps, "circuit_kind": MEASURED, "images": found.images,
        "traced_images": found.traced_images, "values_compared": found.values_compared,
        "mismatches": found.mismatches,
        "first_difference": None if first is None else str(first), "design": str(Path(folder))}


def proven(row: Row) -> bool:
    """Whether a circuit was placed and equals its integers, in values that were compared."""
    return "reason" not in row and agrees(row)


def broken(row: Row) -> bool:
    """Whether a circuit is not what it should be; one that was not placed is only too large."""
    return "stopped" in row if "reason" in row else not proven(row)
