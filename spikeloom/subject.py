"""What a command works on: a preset or a folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.preset import Preset
from golden.presets import PRESETS, find_preset
from ir import Graph
from ir.folder import digest
from ir.folder import load as load_folder
from spikeloom.design import MANIFEST, NET, Design, generate, read_design
from spikeloom.images import default_data, find_data, test_images
from spikeloom.options import chosen
from spikeloom.quantization import quantize

__all__ = ["Task", "design_of", "graph_of", "open_task"]


def graph_of(folder: Path | None, preset: str | None) -> Graph:
    """The integer graph of a preset, of a net folder, or of the design in an rtl folder."""
    chosen(folder, preset)
    if folder is None:
        return quantize(find_preset(str(preset)).name)
    return load_folder(folder / NET if (folder / MANIFEST).is_file() else folder)


def design_of(folder: Path | None, preset: str | None, target: str | None = None) -> Design:
    """The design in an rtl folder, or the one that is generated for a preset and a target."""
    chosen(folder, preset)
    if folder is not None:
        return read_design(folder)
    return generate(graph_of(None, preset), *([target] if target else []))


@dataclass(frozen=True, eq=False)
class Task:
    """A design, the preset that it is of if it is one's, and images to run through it."""

    design: Design
    preset: Preset | None
    data: str
    images: np.ndarray
    labels: np.ndarray


def open_task(folder: Path | None, preset: str | None, data: str | None, data_dir: Path | None,
              count: int | None, target: str | None = None) -> Task:
    """The design of an rtl folder or a preset, with the first ``count`` test images of its data.

    A preset's is generated for ``target``, or the usual one.

    What can be wrong with the data is found out before a circuit is generated.
    """
    chosen(folder, preset)
    design = None if folder is None else read_design(folder)
    graph = quantize(find_preset(str(preset)).name) if design is None else design.graph
    dataset = find_data(data, data_dir, default_data(graph.notes))
    images, labels = test_images(dataset, graph, count)
    known = _preset_of(graph) if preset is None else find_preset(preset)
    return Task(design or generate(graph, *([target] if target else [])), known, dataset.name,
                images, labels)


def _preset_of(graph: Graph) -> Preset | None:
    """The preset that a graph is: its notes name it, and it computes the same."""
    known = PRESETS.get(str(graph.notes.get("preset")))
    if known is None or not known.quantized_checkpoint.is_file():
        return None
    return known if digest(quantize(known.name)) == digest(graph) else None
