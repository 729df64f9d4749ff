"""A winner in full: trained on, run image by image against its integers, placed and routed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.errors import TooLarge, ToolFailed
from golden.run import accuracy, trace
from spikeloom.design import read_design
from spikeloom.energy.conventions import MODELLED
from spikeloom.explore.space import Space
from spikeloom.explore.trial import Row, design_of, energy_of, network_of, pictures

__all__ = ["confirm"]

MEASURED = "measured"


def confirm(space: Space, point: Mapping[str, Any], data_dir: str | None, folder: str) -> Row:
    """Measure the circuit of a point; its design stays in ``folder``.

    The accuracy is the integer network's on all test images, the cycles are the simulated
    circuit's, area and clock those of the placed one. A circuit that the tools cannot place has a
    ``reason`` instead of figures. Raises what :func:`sim.verify.verify` raises.
    """
    dataset, training, held = pictures(space.supernet, data_dir)
    rules = space.confirm
    model = network_of(space, point, training, held, epochs=rules.epochs)
    graph = model.graph(space.name, {"supernet": space.supernet, "dataset": dataset.name})
    design_of(graph, point, held[0][:space.trial.timed].numpy()).write(folder)
    design = read_design(folder)
    images, labels = dataset.test_images[:rules.images], dataset.test_labels[:rules.images]
    found = design.verify(images, labels, trace_images=rules.traced, processes=1)
    wanted = float(point["clock_mhz"])
    try:
        placed = design.synthesize(point["target"], clock_mhz=wanted, seed=rules.seed)
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
