"""What takes the energy: by the literature's convention, and by a model of the FPGA."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from spikeloom.energy.conventions import INT8
from spikeloom.report import plots
from spikeloom.report.documents import Document
from spikeloom.report.drawing import PALETTE, draw

__all__ = ["convention", "fpga"]

Layers = Sequence[Mapping[str, Any]]


def convention(found: Document | None, energy: Document | None) -> dict[str, Any] | None:
    """Operations and memory traffic in 45 nm: parts with their sum and share, a plot by layer.

    ``energy`` is what ``spikeloom energy`` found; without it, weights are the only traffic, as
    ``spikeloom verify`` counts them.
    """
    if energy is not None:
        layers, counted = energy["layers"], energy["images"]
        papers = energy["totals"]["fp32_nj"]
        traffic = [(title, {name: bits * INT8.bit / 1000
                            for name, bits in _by_layer(layers, key).items()})
                   for title, key in (("reading weights", "weight_bits"),
                                      ("reading and writing states", "state_bits"),
                                      ("reading and writing buffers", "buffer_bits"))]
    elif found is not None:
        layers, counted = found["layers"], found["energy"]["images"]
        papers = found["energy"]["fp32_nj"]
        traffic = [("reading weights", _by_layer(layers, "weight_memory_nj"))]
    else:
        return None
    operations = ("accumulates on spikes and multiply-accumulates", _by_layer(layers, "int8_nj"))
    return {**_parts([operations, *traffic], "energy"), "images": counted, "fp32_nj": papers}


def fpga(energy: Document | None) -> dict[str, Any] | None:
    """What takes the energy of the FPGA, by its model of the toggles that were simulated."""
    power = energy and energy["activity"]
    if not power:
        return None
    parts = [(title, _by_layer(power["parts"], key)) for title, key in
             (("logic", "logic_nj"), ("clock", "clock_nj"), ("block RAM", "ram_nj"))]
    return {**_parts(parts, "fpga", static=power["static_nj"]), "power": power}


def _by_layer(layers: Layers, key: str) -> dict[str, float]:
    return {layer["name"]: layer[key] for layer in layers if layer.get(key) is not None}


def _parts(parts: Sequence[tuple[str, Mapping[str, float]]], name: str,
           **others: float) -> dict[str, Any]:
    """Rows of a table of names with nanojoules by layer, their sum, and a plot called ``name``.

    ``others`` belong to no layer: they are not in the plot.
    """
    sums = [*((title, sum(by_layer.values())) for title, by_layer in parts), *others.items()]
    total = sum(value for _, value in sums)
    return {"total": total, "plot": Markup(draw(plots.energy_plot(parts, PALETTE), name)),
            "rows": [{"name": title, "nj": value, "share": value / total if total else None}
                     for title, value in sums]}
