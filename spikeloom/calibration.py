"""The area model beside what was built: `make calibrate`, or `python -m spikeloom.calibration`.

Engines alone in several foldings, and whole designs. What was built stands in docs/area.json with
the foldings, so that the model can be held against it at any time; docs/area.md is a table of both.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from flows import Circuit, FlowError, Router, pack_circuit, read_circuit, synthesize_circuit
from golden.zoo.presets import ZOO
from hdl.cost import area
from hdl.emit import LEAF, emit_component
from hdl.folding import from_json, to_json
from hdl.lowering import Lowering
from ir import Budget, Graph
from ir.block_ram import DP16KD
from spikeloom import terminal
from spikeloom.bench.presets import CLOCK, RATES
from spikeloom.design import Design, generate
from spikeloom.quantization import quantize

__all__ = ["POINTS", "RESOURCES", "Point", "estimate", "known", "measure", "misses"]

DOCS = Path(__file__).parents[1] / "docs"
RESOURCES = {"luts": "LUT", "ffs": "flip-flops", "brams": "block RAM", "dsps": "DSP"}

WITHIN = 0.15
"""How far the model may be from what was built."""

FEW = {"luts": 100, "ffs": 100, "brams": 7, "dsps": 7}
"""Counts below these are judged as if they were these: a block RAM more or less is allowed."""

ALONE = "ulx3s-12f"
"""Where engines alone are built; their cells are those of every ECP5."""

RELAXED = 25
"""MHz for which presets of the zoo are placed: with time to spare nextpnr is done sooner."""

PLACED_ZOO = ("psn", "psn-sliding", "psn-transformer", "qsd", "sdt-v3-d8")
"""Presets of the zoo that are placed, not only packed: those with operators that ours do not have,
parallel neurons, levels, depthwise convolutions."""

ABOUT = """\
# Area: the model and what was built

Written by `make calibrate`; nothing here is typed. LUT (TRELLIS_COMB), flip-flops, block RAM
(DP16KD) and DSP of ECP5 circuits as nextpnr counts them, engines alone and whole designs, without
their harness; ratios are estimated / built. nextpnr packs before it places, and places what it
packed: a circuit that is placed and routed is packed by itself as well, and `make calibrate` stops
where the counts differ. The digest is that of the Verilog and the memory contents."""


@dataclass(frozen=True)
class Point:
    """A circuit to build: a preset's design, or one of its engines alone.

    Parameters
    ----------
    preset : str
    node : str or None
        The engine; None for the whole design.
    folding : mapping
        Fields of foldings that are fixed, by node; the rest is chosen for ``target``.
    target : str
    fps, clock_mhz : float or None
        As for :func:`spikeloom.design.generate`.
    build : mapping
        As for :func:`flows.synthesize_circuit`.
    placed : bool
        Whether it is placed and routed, or only packed.
    """

    preset: str
    node: str | None = None
    folding: dict[str, dict[str, Any]] = field(default_factory=dict)
    target: str = "ulx3s-85f"
    fps: float | None = None
    clock_mhz: float | None = None
    build: dict[str, Any] = field(default_factory=dict)
    placed: bool = True

    @property
    def title(self) -> str:
        pins = ", ".join(f"{name} {' '.join(map(str, fields.values()))}"
                         for name, fields in self.folding.items())
        rate = f"{self.fps:g} images/s" if self.fps else ""
        about = "; ".join(part for part in (pins, rate) if part)
        return f"{self.preset} {self.node or 'whole'}" + (f" ({about})" if about else "")

    def design(self) -> Design:
        return generate(_graph(self.preset), self.target, fps=self.fps,
                        clock_mhz=self.clock_mhz, foldings=self.folding or None)


POINTS = (
    *(Point("digits", node) for node in ("stem0", "stem1", "stem2", "block0_qkv", "block0_fc2",
                                         "head", "block0_attn", "stem1_lif", "pool")),
    *(Point("digits", node, fps=2_000) for node in ("stem0", "stem1", "block0_qkv")),
    Point("digits", "block0_fc1", {"block0_fc1": {"form": "tables", "drain": 12}}),
    Point("digits-ssa", "block0_attn"),
    Point("digits-ssa", "block0_attn", {"block0_attn": {"association": "keys-values"}}),
    Point("mnist", "stem2"), Point("fashion", "block0_fc1"),
    *(Point(preset) for preset in ("digits", "digits-ssa", "digits-tiny", "mnist-small")),
    Point("digits", fps=5_000),
    *(Point(preset, fps=rate, clock_mhz=CLOCK, build={"clock_mhz": CLOCK})
      for preset, rate in RATES.items()),
    *(Point(preset, build={"router": Router.SECOND, "clock_mhz": 60})
      for preset in ("mnist", "fashion")),
    *(Point(preset, build={"clock_mhz": RELAXED}) for preset in PLACED_ZOO),
    *(Point(preset, placed=False) for preset in ZOO if preset not in PLACED_ZOO),
)
"""What is built."""


@cache
def _graph(preset: str) -> Graph:
    return quantize(preset)


def estimate(row: dict) -> Budget:
    """What the model says of a circuit that was built: of its foldings, and today's weights."""
    graph, foldings = _graph(row["preset"]), from_json(row["foldings"])
    if row["node"] is None:
        return area(graph, foldings)
    return Lowering(graph, foldings).stages[row["node"]].area.on(DP16KD)


def measure(point: Point) -> dict:
    """A point's circuit, built: the row of it. Raises ValueError where placing changed a count."""
    design = point.design()
    circuit = _circuit(design, point.node)
    target = point.target if point.node is None else ALONE
    found = pack_circuit(circuit, target)
    if point.placed:
        packed, found = found, synthesize_circuit(circuit, target, **point.build).accelerator
        if packed.counts() != found.counts():
            raise ValueError(f"{point.title} was packed as {packed.counts()}, and placed as "
                             f"{found.counts()}: what is only packed says nothing then")
    return {"title": point.title, "preset": point.preset, "node": point.node,
            "built": "placed" if point.placed else "packed",
            "circuit": _digest({**circuit.sources, **circuit.memories}),
            "foldings": to_json(design.foldings),
            "found": {name: getattr(found, name) for name in RESOURCES}}


def misses(row: dict) -> dict[str, float]:
    """Of a row, how far the model is off, in shares of what was built, where that is too far."""
    model = vars(estimate(row))
    off = {name: (model[name] - found) / max(found, FEW[name])
           for name, found in row["found"].items()}
    return {name: share for name, share in off.items() if abs(share) > WITHIN}


def known() -> list[dict]:
    """The rows that are kept."""
    try:
        return json.loads((DOCS / "area.json").read_text())
    except FileNotFoundError:
        return []


def _circuit(design: Design, node: str | None) -> Circuit:
    if node is None:
        with TemporaryDirectory(prefix="spikeloom-") as room:
            design.write(Path(room) / "rtl")
            return read_circuit(Path(room) / "rtl")
    component = Lowering(design.graph, design.foldings).stages[node].component
    files = emit_component(component, node)
    sources = {name: files.pop(name) for name in (f"{node}.v", LEAF)}
    return Circuit(top=node, sources=sources, memories=files)


def _digest(files: Mapping[str, bytes]) -> str:
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name} {len(content)}\0".encode() + content)
    return total.hexdigest()[:12]


def _page(rows: list[dict]) -> str:
    heads = [f"{name} {what}" for name in RESOURCES.values()
             for what in ("built", "estimated", "ratio")]
    lines = [ABOUT, "", f"| circuit | digest | built | {' | '.join(heads)} |",
             "|---|---|---|" + "---:|" * len(heads)]
    for row in rows:
        model, cells = vars(estimate(row)), []
        for name, found in row["found"].items():
            ratio = f"{model[name] / found:.2f}" if found else "-"
            cells += [f"{found:,}", f"{model[name]:,}", ratio]
        lines.append(f"| {row['title']} | {row['circuit']} | {row['built']} | "
                     f"{' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--only", metavar="TEXT", default="", help="Build points whose title has this.")
@click.option("--build/--no-build", default=True, help="Without: only write the table again.")
def main(only: str, build: bool) -> None:
    """Build every point, keep it in docs/area.json, and write docs/area.md."""
    rows = {row["title"]: row for row in known()}
    for point in POINTS:
        if build and only in point.title:
            with terminal.stage(f"Build {point.title}"):
                rows[point.title] = _measured(point)
            _keep(rows)
    (DOCS / "area.md").write_text(_page(_keep(rows)))


def _measured(point: Point) -> dict:
    try:
        return measure(point)
    except (FlowError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _keep(rows: dict[str, dict]) -> list[dict]:
    """Write the rows of points that there are, in their order."""
    kept = [rows[point.title] for point in POINTS if point.title in rows]
    text = ",\n ".join(json.dumps(row) for row in kept)
    (DOCS / "area.json").write_text(f"[{text}]\n")
    return kept


if __name__ == "__main__":
    main()
