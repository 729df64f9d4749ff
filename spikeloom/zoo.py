"""The zoo, system by system: accuracy, activity, cycles, and circuit against integer network."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from golden.checkpoints import load_checkpoint
from golden.data import Dataset, load
from golden.preset import Preset
from golden.run import trace
from golden.zoo.presets import SYSTEMS
from ir import Graph
from ir.ops import LevelLif, Lif, ParallelNeuron
from spikeloom.design import Design, generate, read_design
from spikeloom.energy import Energy, model_energy
from spikeloom.quantization import quantize
from spikeloom.report import write_whole
from spikeloom.terminal import Done

__all__ = ["IMAGES", "Entry", "Row", "chosen", "run"]

IMAGES = 200
"""Images of a run, unless somebody says otherwise."""

BATCH = 50
"""Images whose tensors are held in memory at a time; no influence on results."""

NEURONS = (Lif, LevelLif, ParallelNeuron)


@dataclass(frozen=True)
class Entry:
    """A preset and the published system that it is of."""

    system: str
    preset: Preset


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is known of one preset.

    Parameters
    ----------
    system, preset, dataset : str
    params, timesteps : int
    accuracy_float, accuracy_integer : float
        On the whole test set, as the shipped checkpoints' notes say.
    test_images : int
        How many those are.
    accuracy_circuit : float
        On the test images of this run.
    spike_rate : float
        Share of all neurons' outputs of this run that are not zero.
    sops_per_image, macs_per_image : float
        Accumulates that spikes caused, and multiplications of counts and pixels with weights, by
        :mod:`spikeloom.energy`.
    cycles_per_image : float or None
        Of the simulated circuit in steady state.
    images, values_compared, mismatches : int
        Of this run; every tensor of every image is compared.
    first_difference : str or None
    target : str
        What the circuit was folded for.
    """

    system: str
    preset: str
    params: int
    timesteps: int
    dataset: str
    accuracy_float: float
    accuracy_integer: float
    test_images: int
    accuracy_circuit: float
    spike_rate: float
    sops_per_image: float
    macs_per_image: float
    cycles_per_image: float | None
    images: int
    values_compared: int
    mismatches: int
    first_difference: str | None
    target: str

    @property
    def equal(self) -> bool:
        """Whether something was compared and nothing differs."""
        return self.values_compared > 0 and self.mismatches == 0


def chosen(names: Sequence[str]) -> list[Entry]:
    """The entries of the systems or presets of these names, all without; ValueError for others."""
    entries = [Entry(system, preset) for system, presets in SYSTEMS.items() for preset in presets]
    known = {*SYSTEMS, *(entry.preset.name for entry in entries)}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"There is no system or preset {unknown[0]!r} in the zoo; there are "
                         f"{', '.join(SYSTEMS)}; {', '.join(e.preset.name for e in entries)}")
    return [entry for entry in entries
            if not names or entry.system in names or entry.preset.name in names]


def run(entry: Entry, folder: Path, *, images: int = IMAGES, data_dir: Path | None = None,
        target: str, processes: int | None = None, progress: Done | None = None) -> Row:
    """Generate the circuit of a preset, run images through it and compare every value.

    The circuit and the result are kept in ``folder``; a result of the same circuit and as many
    images is found there again. Test images are taken from the first on; where there are too few,
    training images follow, which count for no accuracy.

    Raises what :func:`golden.data.load`, :func:`spikeloom.generate` and
    :func:`sim.verify.verify` raise.
    """
    preset = entry.preset
    dataset = load(preset.dataset, data_dir)
    pixels, labels = _images(dataset, images)
    place, result = folder / preset.name / "rtl", folder / preset.name / "row.json"
    generate(quantize(preset.name), target).write(place)
    key = f"{_digest(place)} {images}"
    if result.is_file() and (known := json.loads(result.read_text())).get("key") == key:
        return Row(**known["row"])
    found = _measure(entry, read_design(place), pixels, labels, len(dataset.test_images),
                     target=target, processes=processes, progress=progress)
    write_whole(result, json.dumps({"key": key, "row": asdict(found)}, indent=1) + "\n")
    return found


def _measure(entry: Entry, design: Design, pixels: np.ndarray, labels: np.ndarray, tested: int,
             *, target: str, processes: int | None, progress: Done | None) -> Row:
    preset, graph = entry.preset, design.graph
    compared = design.verify(pixels, labels, trace_images=len(pixels), processes=processes,
                             progress=progress)
    fired, energy, right = _activity(graph, pixels, labels, tested)
    first = compared.first_difference
    return Row(
        system=entry.system, preset=preset.name, dataset=preset.dataset, target=target,
        params=int(graph.notes["parameters"]),
        timesteps=max(kind.steps for kind in graph.types.values()),
        accuracy_float=float(load_checkpoint(preset.float_checkpoint)[1]["accuracy_test"]),
        accuracy_integer=float(graph.notes["accuracy_test"]),
        test_images=int(graph.notes["test_images"]), accuracy_circuit=right,
        spike_rate=fired, sops_per_image=energy.acs, macs_per_image=energy.macs,
        cycles_per_image=compared.cycles_per_image,
        images=compared.traced_images, values_compared=compared.values_compared,
        mismatches=compared.mismatches, first_difference=None if first is None else str(first))


def _activity(graph: Graph, pixels: np.ndarray, labels: np.ndarray,
              tested: int) -> tuple[float, Energy, float]:
    """Share of neurons' outputs that are not zero, operations, and accuracy on test images."""
    neurons = [node.name for node in graph.nodes if isinstance(node.op, NEURONS)]
    fired = total = right = 0
    energy: Energy | None = None
    for start in range(0, len(pixels), BATCH):
        tensors = trace(graph, pixels[start:start + BATCH])
        fired += sum(int(np.count_nonzero(tensors[name])) for name in neurons)
        total += sum(tensors[name].size for name in neurons)
        logits = tensors[graph.nodes[-1].name][:, 0, :, 0, 0]
        hits = logits.argmax(1) == labels[start:start + BATCH]
        right += int(hits[:max(0, tested - start)].sum())
        part = model_energy(graph, tensors)
        energy = part if energy is None else energy.joined(part)
    assert energy is not None, "there are images"
    return fired / total, energy, right / min(tested, len(pixels))


def _images(dataset: Dataset, count: int) -> tuple[np.ndarray, np.ndarray]:
    there = len(dataset.test_images) + len(dataset.train_images)
    if count > there:
        raise ValueError(f"Data set {dataset.name!r} has {there} images, not {count}")
    more = max(0, count - len(dataset.test_images))
    return (np.concatenate([dataset.test_images[:count], dataset.train_images[:more]]),
            np.concatenate([dataset.test_labels[:count], dataset.train_labels[:more]]))


def _digest(folder: Path) -> str:
    """Of all files of a generated design, by name and content."""
    def contents() -> Iterator[bytes]:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield f"{path.relative_to(folder)}\0".encode() + path.read_bytes()

    total = hashlib.sha256()
    for content in contents():
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()
