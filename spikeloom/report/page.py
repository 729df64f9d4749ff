"""The page of a run: tables, plots and where every figure comes from, in one file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from spikeloom.report import plots
from spikeloom.report.documents import (
    ENERGY,
    NEURONS,
    REPORT,
    VERIFICATION,
    Document,
    Run,
    read_run,
    write_whole,
)
from spikeloom.report.drawing import draw, plotly_script
from spikeloom.report.energy import convention, fpga
from spikeloom.report.front import COSTS, front_figure
from spikeloom.report.neurons import neurons_figure
from spikeloom.report.provenance import provenance
from spikeloom.summary import agrees, available, summary
from spikeloom.terminal import KINDS, percent, shown

__all__ = ["environment", "render", "write_report"]

DASH = "–"


def render(run: Run) -> str:
    """The page for what there is of a run."""
    found = run.verification or {}
    _check_networks(run)
    rows = summary(run.verification, run.synthesis)
    layers = _layers(found)
    return environment().get_template("report.html.j2").render(
        title=_title(run),
        subtitle=_subtitle(run),
        verdict=_verdict(found), figures=_by_kind(rows), stages=_stages(found),
        slowest=found.get("slowest"), layers=layers, plots=_plots(found, layers),
        energy=convention(run.verification, run.energy), fpga=fpga(run.energy),
        front=_front(run.front), neurons=_neurons(run.neurons),
        device=_device(run.synthesis), provenance=provenance(run), missing=_missing(run),
        plotly=Markup(plotly_script()))


def write_report(folder: Path) -> Path:
    """Render a run's folder into its :data:`REPORT`, and return that path."""
    run = read_run(folder)
    try:
        page = render(run)
    except KeyError as error:
        raise ValueError(f"A result in {folder} lacks {error}, so it is of another version; run "
                         "`spikeloom verify` or `spikeloom synth` again") from error
    write_whole(folder / REPORT, page)
    return folder / REPORT


def _title(run: Run) -> str:
    for document, key in ((run.verification, "network"), (run.neurons, "network"),
                          (run.energy, "network"), (run.front, "space")):
        if document is not None and document.get(key):
            return document[key]
    return "Spikeloom run"


def _check_networks(run: Run) -> None:
    """Raise ValueError when a run's results are of different networks."""
    others = ((NEURONS, run.neurons, "verify --neurons"), (ENERGY, run.energy, "energy"))
    for name, document, command in others:
        if run.verification is not None and document is not None and (
                run.verification["digest"] != document["digest"]):
            raise ValueError(f"{VERIFICATION} and {name} are of different networks; run "
                             f"`spikeloom {command}` again")


def environment() -> Environment:
    """The templates of pages."""
    made = Environment(loader=PackageLoader("spikeloom"), undefined=StrictUndefined,
                       autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"shown": shown, "share": percent, "count": _count, "percent": _percent}
    return made


def _count(value: float | None) -> str:
    if isinstance(value, float) and abs(value) >= 1000:
        return f"{value:,.0f}"
    return DASH if value is None else shown(value)


def _percent(value: float | None) -> str:
    return DASH if value is None else f"{100 * value:.1f} %"


def _by_kind(rows: Sequence[tuple[str, str, Any]]) -> list[tuple[str, list[tuple[str, Any]]]]:
    return [(kind, [(name, value) for name, of, value in rows if of == kind])
            for kind in KINDS if any(of == kind for _, of, _ in rows)]


def _subtitle(run: Run) -> str:
    found, synthesis = run.verification or {}, run.synthesis or {}
    parts = [f"preset {found['preset']}" if found.get("preset") else "",
             f"generated for {found['target']}" if found.get("target") else "",
             f"placed and routed on {synthesis['target']}" if synthesis else ""]
    return ", ".join(filter(None, parts))


def _missing(run: Run) -> list[tuple[str, str]]:
    """What the run has no results of, and the command that makes them."""
    known = [("circuit against integer network, layers", "spikeloom verify -o RUN",
              run.verification),
             ("placed circuit", "spikeloom synth -o RUN", run.synthesis),
             ("energy of memories and of the FPGA", "spikeloom energy --activity N -o RUN",
              run.energy),
             ("membranes and spikes of an image", "spikeloom verify --neurons N -o RUN",
              run.neurons)]
    return [(what, command) for what, command, document in known if document is None]


def _verdict(found: Document) -> dict | None:
    if not found:
        return None
    compared = (f"{shown(found['values_compared'])} values of {shown(found['images'])} images "
                f"compared ({shown(found['traced_images'])} images with all "
                f"{found['traced_tensors']} tensors)")
    if agrees(found):
        return {"good": True, "text": f"Circuit and integer network are equal: {compared}, "
                                      "no difference."}
    first = found["first_difference"]
    return {"good": False, "text": f"Circuit and integer network differ: {compared}, "
                                   f"{shown(found['mismatches'])} differ. "
                                   f"First: {first['text'] if first else 'none'}."}


def _stages(found: Document) -> list[dict]:
    """Stages in the pipeline's order; ``follows`` is whether one reads the one before it."""
    stages = found.get("stages", [])
    longest = max((stage["busy_cycles"] for stage in stages), default=0) or 1
    inputs = {layer["name"]: layer["inputs"] for layer in found.get("layers", [])}
    shown_stages, before = [], None
    for stage in stages:
        reads = inputs.get(stage["name"], [])
        shown_stages.append({
            **stage, "share": stage["busy_cycles"] / longest, "follows": before in reads,
            "others": [name for name in reads if name != before]})
        before = stage["name"]
    return shown_stages


_NOTHING = dict.fromkeys(("acs", "macs", "dense", "fp32_nj", "int8_nj", "weight_memory_nj",
                          "latency_cycles"))
"""What a layer without counted operations does not have."""


def _layers(found: Document) -> list[dict]:
    stages = {stage["name"]: stage for stage in found.get("stages", [])}
    longest = max((stage["busy_cycles"] for stage in stages.values()), default=0) or 1
    return [{**_NOTHING, **layer, **(stage := stages[layer["name"]]),
             "share": stage["busy_cycles"] / longest} for layer in found.get("layers", [])]


def _plots(found: Document, layers: list[dict]) -> list[dict]:
    if not layers:
        return []
    counted = [layer for layer in layers if layer["int8_nj"] is not None]
    made = [("rate", "Spike rate", "measured", plots.rate_plot(layers)),
            ("stages", "Service cycles of each stage", "estimated",
             plots.stage_plot(found["stages"], found["slowest"])),
            ("operations", "Operations of each layer", "modelled", plots.operations_plot(counted))]
    return [{"title": title, "kind": kind, "html": Markup(draw(figure, name))}
            for name, title, kind, figure in made]


def _front(front: Document | None) -> dict | None:
    if front is None:
        return None
    rows: Sequence[Mapping[str, Any]] = front["front"]
    if not rows:
        raise ValueError("The front of the search is empty: there is no circuit to show")
    return {"rows": rows, "kinds": sorted({str(row["energy_kind"]) for row in rows}),
            "plots": [{"title": f"Accuracy and {title}",
                       "html": Markup(draw(front_figure(rows, cost), f"front-{cost}"))}
                      for cost, title in COSTS.items()]}


def _neurons(recorded: Document | None) -> dict | None:
    """Each layer's maps; the one to show first is the first that differs, or the first."""
    if recorded is None:
        return None
    layers = [{**layer, "html": Markup(draw(neurons_figure(layer), f"neurons-{layer['name']}"))}
              for layer in recorded["layers"]]
    opened = next((layer["name"] for layer in layers if layer["mismatches"]), layers[0]["name"])
    return {**recorded, "layers": layers, "opened": opened,
            "equal": agrees(recorded)}


def _device(synthesis: Document | None) -> list[dict] | None:
    if synthesis is None:
        return None
    there = available(synthesis["target"])
    return [{"name": name, "used": synthesis[key], "available": there[key],
             "share": None if synthesis[key] is None or not there[key]
             else synthesis[key] / there[key]}
            for name, key in (("LUT", "luts"), ("flip-flop", "ffs"), ("block RAM", "brams"),
                              ("multiplier", "dsps"))]
