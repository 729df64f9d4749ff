"""The area model beside placed circuits: `make calibrate`, or `python -m spikeloom.calibration`.

Engines alone in several foldings, and whole designs; the table goes to docs/area.md, the points to
docs/area.json, where tests hold the model against them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

from flows import Circuit, SynthesisResult, synthesize_circuit
from hdl.emit import LEAF, emit_component
from hdl.lowering import Lowering
from ir import Budget, Graph
from ir.block_ram import DP16KD
from spikeloom import terminal
from spikeloom.design import Design, generate
from spikeloom.quantization import quantize

__all__ = ["POINTS", "Point", "estimate", "measure"]

DOCS = Path(__file__).parents[1] / "docs"
RESOURCES = ("luts", "ffs", "brams")


@dataclass(frozen=True)
class Point:
    """A circuit to place: a preset's design, or one of its engines alone.

    Parameters
    ----------
    preset : str
    node : str or None
        The engine; None for the whole design.
    folding : mapping
        Fields of foldings that are fixed, by node; the rest is chosen for ``target``.
    target : str
    fps : float or None
        As for :func:`spikeloom.design.generate`.
    """

    preset: str
    node: str | None = None
    folding: dict[str, dict[str, int]] = field(default_factory=dict)
    target: str = "ulx3s-85f"
    fps: float | None = None

    @property
    def title(self) -> str:
        pins = ", ".join(f"{name} {'/'.join(map(str, fields.values()))}"
                         for name, fields in self.folding.items())
        rate = f"{self.fps:g} images/s" if self.fps else ""
        about = "; ".join(part for part in (pins, rate) if part)
        return f"{self.preset} {self.node or 'whole'}" + (f" ({about})" if about else "")

    def design(self) -> Design:
        return generate(quantize(self.preset), self.target, fps=self.fps,
                        foldings=self.folding or None)


POINTS = (
    *(Point("digits", node) for node in ("stem0", "stem1", "stem2", "block0_qkv", "block0_fc2",
                                         "head", "block0_attn", "stem1_lif", "pool")),
    *(Point("digits", node, fps=2_000) for node in ("stem0", "stem1", "block0_qkv")),
    Point("digits-ssa", "block0_attn"),
    Point("mnist-small", "stem0"), Point("mnist-small", "stem1"),
    Point("mnist", "stem2"), Point("fashion", "block0_fc1"),
    *(Point(preset) for preset in ("digits", "digits-ssa", "digits-tiny", "mnist-small", "mnist",
                                   "fashion")),
    Point("digits", fps=5_000), Point("mnist-small", fps=5_000),
)
"""What is placed."""


def estimate(point: Point) -> Budget:
    """What the model says of a point's circuit."""
    design = point.design()
    if point.node is None:
        return design.cost().area
    return _engine(design.graph, design.foldings, point.node)[1]


def measure(point: Point) -> SynthesisResult:
    """A point's circuit, placed."""
    design = point.design()
    if point.node is None:
        return design.synthesize(point.target)
    component, _ = _engine(design.graph, design.foldings, point.node)
    files = emit_component(component, point.node)
    sources = {name: files.pop(name) for name in (f"{point.node}.v", LEAF)}
    return synthesize_circuit(Circuit(top=point.node, sources=sources, memories=files),
                              point.target)


def _engine(graph: Graph, foldings: Any, node: str) -> tuple[Any, Budget]:
    stage = Lowering(graph, foldings).stages[node]
    return stage.component, stage.area.on(DP16KD)


def _rows(points: tuple[Point, ...]) -> Iterator[dict]:
    for point in points:
        with terminal.stage(f"Place {point.title}"):
            placed, model = measure(point), estimate(point)
        found = placed.accelerator
        yield {"point": asdict(point), "title": point.title,
               "placed": {name: getattr(found, name) for name in RESOURCES},
               "estimated": {name: getattr(model, name) for name in RESOURCES}}


def _table(rows: list[dict]) -> str:
    lines = ["# Area: the model and what was placed", "",
             ("Written by `make calibrate`. LUT (TRELLIS_COMB), flip-flops and block RAM (DP16KD) "
              "of ECP5 circuits without their harness; the ratio is estimated / placed."), "",
             "| circuit | " + " | ".join(f"{name} estimated | {name} placed | ratio"
                                         for name in RESOURCES) + " |",
             "|---|" + "---:|" * 3 * len(RESOURCES)]
    for row in rows:
        cells = []
        for name in RESOURCES:
            model, found = row["estimated"][name], row["placed"][name]
            cells += [str(model), str(found), f"{model / found:.2f}" if found else "-"]
        lines.append(f"| {row['title']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--only", metavar="TEXT", default="", help="Points whose title has this.")
def main(only: str) -> None:
    """Place every point, and write docs/area.json and docs/area.md."""
    rows = list(_rows(tuple(point for point in POINTS if only in point.title)))
    terminal.table("Area, estimated and measured", ["circuit", "LUT", "placed", "FF", "placed",
                                                    "RAM", "placed"],
                   [[row["title"], *(row[kind][name] for name in RESOURCES
                                     for kind in ("estimated", "placed"))] for row in rows])
    if not only:
        (DOCS / "area.json").write_text(json.dumps(rows, indent=1) + "\n")
        (DOCS / "area.md").write_text(_table(rows))


if __name__ == "__main__":
    main()
