"""What a command works on: a preset or a folder."""

from pathlib import Path

from golden.presets import PRESETS, Preset, find_preset
from ir import Graph
from ir.folder import digest
from ir.folder import load as load_folder
from spikeloom.design import MANIFEST, NET, Design, generate, read_design
from spikeloom.options import chosen
from spikeloom.quantization import quantize

__all__ = ["design_of", "graph_of", "preset_of"]


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


def preset_of(graph: Graph, preset: str | None) -> Preset | None:
    """The preset that a graph is: the one that was asked for, or the one that it was made from."""
    if preset is not None:
        return find_preset(preset)
    known = PRESETS.get(str(graph.notes.get("preset")))
    if known and known.quantized_checkpoint.is_file() and (
            digest(quantize(known.name)) == digest(graph)):
        return known
    return None
