"""What the shipped networks promise: accuracy, size, equality, cycles as modelled, same bytes."""

import os
import subprocess
import sys
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from spikeloom.bench.presets import MAPPED_IMAGES, accuracy_of, data_of, design_of, images_of
from spikeloom.bench.row import Finding, Goal, NotMeasured
from spikeloom.bench.run import Check, Setting
from spikeloom.mapped import measure_mapped
from spikeloom.quantization import quantize

__all__ = ["CHECKS"]

ACCURACIES = {"digits": (0.98, 30_000), "digits-tiny": (0.95, None), "mnist": (0.99, 200_000),
              "mnist-small": (0.985, 70_000), "mnist-fast": (0.975, None),
              "fashion": (0.89, 200_000)}
"""Preset to the least accuracy on the test images and the most parameters, if that is limited."""

TRACED = 500
"""Images of which every tensor is compared."""

ROUNDS = 5

SMALLEST = "ulx3s-12f"


def accurate(name: str, setting: Setting) -> Finding:
    """Test images that the integers, and so the circuit, get right."""
    notes = quantize(name).notes
    return Finding(value=accuracy_of(name, setting),
                   how=f"integers on all {len(images_of(name, setting, None))} test images; "
                       f"{int(notes['parameters']):,} parameters")


def sized(name: str, setting: Setting) -> Finding:
    """Numbers that training settles."""
    return Finding(value=int(quantize(name).notes["parameters"]), how="as the checkpoint states")


def verified(name: str, traced: int, setting: Setting) -> Finding:
    """A whole test set through the circuit, every tensor of ``traced`` images."""
    data = data_of(name, setting)
    found = design_of(name).verify(data.test_images, data.test_labels, trace_images=traced,
                                   processes=2)
    if found.mismatches or not found.values_compared:
        raise NotMeasured(f"the circuit differs: {found.first_difference}")
    return Finding(
        value=found.seconds + found.build_seconds,
        how=f"{found.images} images through the Verilog on 2 cores, every tensor of "
            f"{found.traced_images}: {found.values_compared:,} values equal the integers; "
            "compilation counted",
        figures={"build_seconds": found.build_seconds, "interval_cycles": found.cycles_per_image})


def traced(name: str, setting: Setting) -> Finding:
    """What it costs in time to keep every tensor, of one process."""
    design, images = design_of(name), images_of(name, setting)
    design.simulate(images[:1], processes=1)  # compiled, and in memory
    ratios = []
    for _ in range(ROUNDS):
        plain = design.simulate(images, processes=1)
        kept = design.simulate(images, trace=True, processes=1)
        ratios.append(kept.seconds / plain.seconds)
    values = sum(x.size for x in kept.tensors.values())
    return Finding(
        value=median(ratios),
        how=f"{len(images)} images with all {len(kept.tensors)} tensors ({values:,} values) kept, "
            f"over without, median of {ROUNDS} rounds in turn, one process; "
            f"{plain.cycles_per_second:,.0f} cycles per second without",
        figures={"cycles_per_second": plain.cycles_per_second, "values": values})


def mapped(name: str, target: str, setting: Setting) -> Finding:
    """Logits of the netlist of mapped cells that are not the integers'."""
    images = images_of(name, setting, MAPPED_IMAGES)
    found = measure_mapped(design_of(name), images, target, progress=setting.remark)
    if not found["values_compared"]:
        raise NotMeasured("no logits were compared")
    return Finding(
        value=found["mismatches"], figures={"interval_cycles": found["cycles_per_image"]},
        how=f"of {found['values_compared']} logits of {found['images']} images, "
            f"{found['stalled_images']} of them with pauses, through the cells that synthesis for "
            f"{target} makes, registers moved into block RAM included")


def modelled_cycles(name: str, setting: Setting) -> Finding:
    """How far the cost model's interval is from the simulated one, for the same images."""
    design, images = design_of(name), images_of(name, setting)
    measured = design.simulate(images, processes=1).cycles_per_image
    cycles = design.cost(images).timing
    modelled = None if cycles is None else cycles.cycles_per_image
    assert measured and modelled, "several images were run"
    return Finding(value=100 * abs(modelled / measured - 1),
                   how=f"{len(images)} images back to back: {measured:.1f} cycles per image "
                       f"simulated, {modelled:.1f} by the cost model")


def smallest(setting: Setting) -> Finding:
    """The clock on the smallest device that holds the digits."""
    found = design_of("digits", SMALLEST).synthesize(progress=setting.remark)
    return Finding(value=found.fmax_mhz, how="placed and routed, seed 1",
                   figures={**found.accelerator.as_dict(), "fmax_mhz": found.fmax_mhz})


def repeated(setting: Setting) -> Finding:
    """Files that differ between two processes that write the same circuit."""
    with TemporaryDirectory(prefix="spikeloom-") as room:
        first, second = (_written(Path(room) / str(number), number) for number in (1, 2))
    differing = [name for name in first.keys() | second.keys()
                 if first.get(name) != second.get(name)]
    return Finding(value=len(differing),
                   how=f"of {len(first)} files that two processes with other hash seeds wrote")


def _written(place: Path, number: int) -> dict[str, str]:
    """Name and digest of each file that a process of its own writes."""
    subprocess.run([sys.executable, "-m", "spikeloom", "generate", "--preset", "digits", "--json",
                    "-o", place], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONHASHSEED": str(number)})
    return {str(path.relative_to(place)): sha256(path.read_bytes()).hexdigest()
            for path in place.rglob("*") if path.is_file()}


CHECKS = (
    *(Check(name=f"accuracy/{name}", unit="share", goal=Goal(True, least),
            measure=partial(accurate, name), packages=("ir", "golden"))
      for name, (least, _) in ACCURACIES.items()),
    *(Check(name=f"parameters/{name}", unit="parameters", goal=Goal(False, most),
            measure=partial(sized, name), packages=("golden",))
      for name, (_, most) in ACCURACIES.items() if most is not None),
    *(Check(name=f"cycle-model/{name}", unit="%", goal=Goal(False, 2),
            measure=partial(modelled_cycles, name)) for name in ("digits", "mnist-small", "mnist")),
    *(Check(name=name, unit="s", goal=Goal(False, limit),
            measure=partial(verified, "mnist", traced))
      for name, traced, limit in (("verify/mnist", 0, 300),
                                  ("verify/mnist/traced", TRACED, 900))),
    Check(name=f"clock/digits/{SMALLEST}", unit="MHz", goal=Goal(True, 120), measure=smallest),
    *(Check(name=f"trace/{name}", unit="ratio", goal=Goal(False, 2), measure=partial(traced, name))
      for name in ("digits", "mnist")),
    Check(name="mapped/digits/icebreaker", unit="logits", goal=Goal(False, 0),
          measure=partial(mapped, "digits", "icebreaker")),
    Check(name="bytes/digits", unit="files", goal=Goal(False, 0), measure=repeated),
)
