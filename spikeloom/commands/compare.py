"""`spikeloom compare`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from spikeloom import options, terminal

if TYPE_CHECKING:
    from spikeloom.comparison import Comparison
    from spikeloom.report import Run

__all__ = ["compare"]

DASH = "-"


@click.command()
@click.argument("a")
@click.argument("b")
@options.data_dir
@options.images(100)
@options.target
@click.option("--place", is_flag=True, help="Place and route presets and rtl folders, too.")
@click.option("--html", metavar="PATH", type=click.Path(path_type=Path),
              help="Write one HTML page about both there.")
@options.as_json
def compare(a: str, b: str, data_dir: Path | None, images: int, target: str, place: bool,
            html: Path | None, as_json: bool) -> None:
    """Put two designs side by side.

    A and B are folders of runs, of `spikeloom verify -o`, `synth -o` or `demo`: what is there is
    compared. Or they are presets or rtl folders: a preset's circuit is generated for --target, and
    runs --images images of its data. What is measured, estimated and modelled stands in tables of
    its own, with what B has of A.

    \b
    Example:
      spikeloom compare runs/small runs/fast
      spikeloom compare digits digits-ssa --html ssa.html
      spikeloom compare runs/demo digits-tiny --images 360 --place --json
    """
    from spikeloom.comparison import compare as compared
    from spikeloom.report import write_whole
    from spikeloom.report.pair import render_pair

    runs = [_run(name, data_dir, images, target, place) for name in (a, b)]
    try:
        found = compared(runs[0], runs[1], (a, b))
    except KeyError as error:
        raise ValueError(f"A result in {a} or {b} lacks {error}, so it is of another version; run "
                         "`spikeloom verify` again") from error
    if html is not None:
        write_whole(html, render_pair(found))
    if as_json:
        terminal.print_json(found.as_dict())
    else:
        _print(found)
        if html is not None:
            terminal.remark(f"The page is {html}")


def _run(name: str, data_dir: Path | None, images: int, target: str, place: bool) -> "Run":
    """What is known of a run's folder, or found out now of a preset or an rtl folder."""
    from golden.presets import PRESETS
    from spikeloom.design import MANIFEST
    from spikeloom.report import Run, read_run
    from spikeloom.subject import open_task
    from spikeloom.verification import measure

    folder = Path(name)
    is_rtl = (folder / MANIFEST).is_file()
    if folder.is_dir() and not is_rtl:
        return read_run(folder)
    if not is_rtl and name not in PRESETS:
        raise ValueError(f"There is no folder {name}, and no such preset; there are "
                         f"{', '.join(PRESETS)}")
    task = open_task(folder if is_rtl else None, None if is_rtl else name, None, data_dir, images,
                     target)
    found = measure(task.design, task.images, task.labels, preset=task.preset, trace_images=16,
                    stage=terminal.stage)
    placed = None
    if place:
        with terminal.stage(f"Build {name} for {target}"):
            placed = task.design.synthesize(target, progress=terminal.remark).as_dict()
    return Run(verification={**found, "data": task.data}, synthesis=placed)


def _print(found: "Comparison") -> None:
    """A table for each kind, then the layers that differ."""
    from spikeloom.comparison import LAYER_FIGURES

    terminal.remark(f"A is {_described(found.a)}\nB is {_described(found.b)}")
    for kind in terminal.KINDS:
        rows = [[figure.name, figure.a, figure.b, _ratio(figure.ratio)]
                for figure in found.figures if figure.kind == kind]
        if rows:
            terminal.table(kind.capitalize(), ["", "A", "B", "B / A"], rows)
    for kind in terminal.KINDS:
        names = [name for name, of in LAYER_FIGURES.items() if of == kind]
        rows = [[layer, *(_cell(value) for figure in figures for value in (figure.a, figure.b))]
                for layer, figures in found.different(kind)]
        if rows:
            terminal.table(f"Layers that differ, {kind}",
                           ["", *(f"{name} {side}" for name in names for side in "AB")], rows)
    for remark in found.remarks:
        terminal.remark(f"Note: {remark}.")


def _described(side: dict) -> str:
    parts = [f"network {side['network']}" if side["network"] else "",
             f"{side['images']} images of {side['data']}" if side["images"] else "",
             f"generated for {side['generated_for']}" if side["generated_for"] else "",
             f"placed on {side['placed_on']}" if side["placed_on"] else ""]
    return f"{side['name']}: {', '.join(filter(None, parts))}"


def _ratio(value: float | None) -> str:
    return DASH if value is None else f"{value:.3f}"


def _cell(value: object) -> str:
    if isinstance(value, float) and value >= 1000:
        value = round(value)
    return DASH if value is None else terminal.shown(value)
