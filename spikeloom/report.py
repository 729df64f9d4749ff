"""One HTML page that shows a run: tables, plots and where every figure comes from.

A run is a folder of what ``verify`` and ``synth`` found, as JSON; the page holds all that it needs
and opens without a network.
"""

import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import uuid4

from jinja2 import Environment, PackageLoader, StrictUndefined

from spikeloom.plots import (
    energy_plot,
    operations_plot,
    plotly_script,
    rate_plot,
    stage_plot,
)
from spikeloom.summary import available, image_rate, summary
from spikeloom.terminal import KINDS, shown

__all__ = ["REPORT", "SYNTHESIS", "VERIFICATION", "read_run", "render", "write_report",
           "write_whole"]

VERIFICATION = "verification.json"
SYNTHESIS = "synthesis.json"
REPORT = "report.html"

DASH = "–"

Document = Mapping[str, Any]


def read_run(folder: Path) -> tuple[Document | None, Document | None]:
    """What a run's folder holds of :data:`VERIFICATION` and :data:`SYNTHESIS`, at any depth one.

    Raises FileNotFoundError when it holds neither, ValueError when one is damaged.
    """
    found = [_read(folder, VERIFICATION), _read(folder, SYNTHESIS)]
    if found == [None, None]:
        raise FileNotFoundError(f"{folder} has neither {VERIFICATION} nor {SYNTHESIS}; make them "
                                f"with `spikeloom verify -o {folder}` and `spikeloom synth -o "
                                f"{folder}`")
    return found[0], found[1]


def _read(folder: Path, name: str) -> Document | None:
    for path in (folder / name, *sorted(folder.glob(f"*/{name}"))):
        if not path.is_file():
            continue
        try:
            document = json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(f"{path} is damaged, it is not JSON ({error}); run its command "
                             "again") from error
        if type(document) is not dict:
            raise ValueError(f"{path} is no result of ours: it holds no JSON object")
        return document
    return None


def render(verification: Document | None, synthesis: Document | None) -> str:
    """The page for what is there of both."""
    environment = Environment(loader=PackageLoader("spikeloom"), undefined=StrictUndefined,
                              autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"shown": shown, "count": _count, "percent": _percent}
    found = verification or {}
    rows = summary(verification, synthesis)
    layers = found.get("layers", [])
    folding = {stage["name"]: stage["folding"] for stage in found.get("stages", [])}
    busy = {stage["name"]: stage["busy_cycles"] for stage in found.get("stages", [])}
    complete = [{**_NOTHING, **layer, "folding": folding.get(layer["name"], DASH),
                 "busy_cycles": busy.get(layer["name"])} for layer in layers]
    return environment.get_template("report.html.j2").render(
        title=found.get("network") or "Spikeloom run",
        subtitle=_subtitle(found, synthesis or {}),
        verdict=_verdict(found),
        figures=[(kind, [(name, value) for name, of, value in rows if of == kind])
                 for kind in KINDS if any(of == kind for _, of, _ in rows)],
        stages=_stages(found), slowest=found.get("slowest"), layers=complete,
        plots=_plots(found, complete), plotly=plotly_script(),
        device=_device(synthesis), provenance=_provenance(found, synthesis or {}))


def write_report(folder: Path) -> Path:
    """Render a run's folder into its :data:`REPORT`, and return that path."""
    documents = read_run(folder)
    try:
        page = render(*documents)
    except KeyError as error:
        raise ValueError(f"A result in {folder} lacks {error}, so it is of another version; run "
                         "`spikeloom verify` or `spikeloom synth` again") from error
    write_whole(folder / REPORT, page)
    return folder / REPORT


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place and rename it: whole, or as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


_NOTHING = dict.fromkeys(("acs", "macs", "dense", "fp32_nj", "int8_nj", "weight_memory_nj",
                          "latency_cycles"))
"""What a layer without counted operations does not have."""


def _count(value: float | None) -> str:
    return DASH if value is None else shown(value)


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{100 * value:.1f} %"


def _subtitle(found: Document, synthesis: Document) -> str:
    parts = [f"preset {found['preset']}" if found.get("preset") else "",
             f"generated for {found['target']}" if found.get("target") else "",
             f"placed and routed on {synthesis['target']}" if synthesis else ""]
    return ", ".join(filter(None, parts))


def _verdict(found: Document) -> dict | None:
    if not found:
        return None
    compared = (f"{shown(found['values_compared'])} values of {shown(found['images'])} images "
                f"compared ({shown(found['traced_images'])} images with all "
                f"{found['traced_tensors']} tensors)")
    if found["mismatches"] == 0 and found["values_compared"] > 0:
        return {"good": True, "text": f"Circuit and integer network are equal: {compared}, "
                                      "no difference."}
    first = found["first_difference"]
    return {"good": False, "text": f"Circuit and integer network differ: {compared}, "
                                   f"{shown(found['mismatches'])} differ. "
                                   f"First: {first['text'] if first else 'none'}."}


def _stages(found: Document) -> list[dict]:
    stages = found.get("stages", [])
    longest = max((stage["busy_cycles"] for stage in stages), default=0) or 1
    return [{**stage, "share": round(100 * stage["busy_cycles"] / longest, 1)}
            for stage in stages]


def _plots(found: Document, layers: list[dict]) -> list[str]:
    if not layers:
        return []
    counted = [layer for layer in layers if layer["int8_nj"] is not None]
    return [rate_plot(layers), stage_plot(found["stages"], found["slowest"]),
            operations_plot(counted), energy_plot(counted)]


def _device(synthesis: Document | None) -> list[dict] | None:
    if synthesis is None:
        return None
    there = available(synthesis["target"])
    return [{"name": name, "used": synthesis[key], "available": there[key],
             "share": None if synthesis[key] is None or not there[key]
             else synthesis[key] / there[key]}
            for name, key in (("LUT", "luts"), ("flip-flop", "ffs"), ("block RAM", "brams"),
                              ("multiplier", "dsps"))]


def _provenance(found: Document, synthesis: Document) -> list[tuple[str, str]]:
    rows = [("Spikeloom", metadata.version("spikeloom"))]
    if found:
        energy = found["energy"]
        rows += [("network digest (SHA-256)", found["digest"]),
                 ("data set", f"{found['data']}, first {found['images']} test images"),
                 ("energy, spike rates, bound", f"counted on {energy['images']} images"),
                 ("pipeline cost model", f"for the first {found['estimated_images']} images")]
        rows += [(f"note: {name}", str(value)) for name, value in found["notes"].items()]
    if synthesis:
        rows += [("placer seed", str(synthesis["seed"])),
                 ("clock constraint", (f"{synthesis['clock_mhz']:g} MHz, "
                                       f"{'met' if synthesis['met'] else 'missed'}")),
                 ("tools", ", ".join(f"{tool} {version}"
                                     for tool, version in sorted(synthesis["versions"].items()))),
                 ("critical path", synthesis["critical_path"].partition("\n")[0])]
    if found and synthesis and (rate := image_rate(found, synthesis)) is not None:
        rows.append(("images per second", f"{rate:.0f} = clock / measured cycles per image"))
    return rows
