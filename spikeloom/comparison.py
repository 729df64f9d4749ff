"""Two designs side by side: every figure of both, and what is different layer by layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spikeloom.report.documents import Document, Run
from spikeloom.summary import agrees, summary
from spikeloom.terminal import Share

__all__ = ["LAYER_FIGURES", "Comparison", "Figure", "Layer", "compare"]

LAYER_FIGURES = {
    "spike rate": "measured", "latency": "measured",
    "cycles": "estimated", "LUT": "estimated", "FF": "estimated", "RAM": "estimated",
    "SOP": "modelled", "MAC": "modelled", "int8 nJ": "modelled"}
"""The figures of a layer and their kinds."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of both designs; None where one has none."""

    name: str
    kind: str
    a: Any
    b: Any

    @property
    def ratio(self) -> float | None:
        """What the second has of the first; None unless both are numbers."""
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool)
                      for value in (self.a, self.b))
        return self.b / self.a if numbers and self.a else None

    @property
    def differs(self) -> bool:
        return self.a != self.b

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "kind": self.kind, "a": self.a, "b": self.b,
                "ratio": self.ratio}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer by name; ``a`` and ``b`` say what it is in each, None where it is not."""

    name: str
    a: str | None
    b: str | None
    figures: tuple[Figure, ...]

    @property
    def differs(self) -> bool:
        return self.a != self.b or any(figure.differs for figure in self.figures)

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "a": self.a, "b": self.b,
                "figures": [figure.as_dict() for figure in self.figures]}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two designs; what they are, their figures, their layers, and what to mind about them."""

    a: dict[str, Any]
    b: dict[str, Any]
    figures: tuple[Figure, ...]
    layers: tuple[Layer, ...]
    remarks: tuple[str, ...]

    def different(self, kind: str) -> list[tuple[str, list[Figure]]]:
        """The layers that differ in a figure of this kind, with their figures of it."""
        layers = [(layer.name, [figure for figure in layer.figures if figure.kind == kind])
                  for layer in self.layers]
        return [(name, figures) for name, figures in layers
                if any(figure.differs for figure in figures)]

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON's own types."""
        return {"a": self.a, "b": self.b, "remarks": list(self.remarks),
                "figures": [figure.as_dict() for figure in self.figures],
                "layers": [layer.as_dict() for layer in self.layers]}


def compare(a: Run, b: Run, names: tuple[str, str]) -> Comparison:
    """Put two runs side by side; a layer is the same one where its name is.

    Raises KeyError for results of another version.
    """
    return Comparison(
        a=_identity(a, names[0]), b=_identity(b, names[1]),
        figures=_joined(_figures(a), _figures(b)), layers=_layers(a, b),
        remarks=tuple(_remarks(a, b)))


def _identity(run: Run, name: str) -> dict[str, Any]:
    found, placed = run.verification or {}, run.synthesis or {}
    return {"name": name, "network": found.get("network"), "digest": found.get("digest"),
            "data": found.get("data"), "images": found.get("images"),
            "generated_for": found.get("target"), "placed_on": placed.get("target")}


def _figures(run: Run) -> dict[tuple[str, str], Any]:
    figures = {(name, kind): value for name, kind, value in summary(run.verification,
                                                                   run.synthesis)}
    if run.verification is not None:
        areas = [stage["area"] for stage in run.verification["stages"]]
        for name, key in (("LUT of all stages", "luts"), ("flip-flops of all stages", "ffs"),
                          ("block RAM of all stages", "brams")):
            figures[name, "estimated"] = sum(area[key] for area in areas)
    return figures


def _joined(a: Mapping[tuple[str, str], Any],
            b: Mapping[tuple[str, str], Any]) -> tuple[Figure, ...]:
    return tuple(Figure(name=name, kind=kind, a=a.get((name, kind)), b=b.get((name, kind)))
                 for name, kind in dict.fromkeys((*a, *b)))


def _layers(a: Run, b: Run) -> tuple[Layer, ...]:
    one, other = _layers_of(a.verification), _layers_of(b.verification)
    if not one or not other:
        return ()
    layers = []
    for name in dict.fromkeys((*one, *other)):
        what = [layers_of[name][0] if name in layers_of else None for layers_of in (one, other)]
        values = [layers_of[name][1] if name in layers_of else {} for layers_of in (one, other)]
        layers.append(Layer(name=name, a=what[0], b=what[1], figures=tuple(
            Figure(name=figure, kind=kind, a=values[0].get(figure), b=values[1].get(figure))
            for figure, kind in LAYER_FIGURES.items())))
    return tuple(layers)


def _layers_of(found: Document | None) -> dict[str, tuple[str, dict[str, Any]]]:
    """What each layer is, in words, and its figures."""
    if found is None:
        return {}
    stages = {stage["name"]: stage for stage in found["stages"]}
    layers = {}
    for layer in found["layers"]:
        stage = stages[layer["name"]]
        shape = "x".join(map(str, layer["shape"]))
        rate, area = layer["spike_rate"], stage["area"]
        layers[layer["name"]] = (
            f"{layer['op']} {shape}, {layer['bits']} bit, {stage['folding']}",
            {"spike rate": None if rate is None else Share(rate),
             "latency": layer["latency_cycles"], "cycles": stage["busy_cycles"],
             "LUT": area["luts"], "FF": area["ffs"], "RAM": area["brams"],
             "SOP": layer.get("acs"), "MAC": layer.get("macs"), "int8 nJ": layer.get("int8_nj")})
    return layers


def _remarks(a: Run, b: Run) -> list[str]:
    """What keeps figures from being compared."""
    remarks = []
    if a.verification is not None and b.verification is not None:
        data = [f"{run['images']} images of {run['data']}" for run in (a.verification,
                                                                       b.verification)]
        if data[0] != data[1]:
            remarks.append(f"A ran {data[0]}, B {data[1]}: accuracies, spike rates, cycles and "
                           "energies are of different data")
        if a.verification["digest"] == b.verification["digest"]:
            remarks.append("Both are circuits of the same network")
    if a.synthesis is not None and b.synthesis is not None:
        targets = [run["target"] for run in (a.synthesis, b.synthesis)]
        if targets[0] != targets[1]:
            remarks.append(f"A is placed on {targets[0]}, B on {targets[1]}: their LUTs and block "
                           "RAMs may be of different kinds")
    for name, run in (("A", a), ("B", b)):
        if run.verification is not None and not agrees(run.verification):
            remarks.append(f"{name} is not its integer network: "
                           f"{run.verification['mismatches']} of "
                           f"{run.verification['values_compared']} values differ")
    return remarks
