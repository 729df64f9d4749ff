"""`spikeloom generate`."""

from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spikeloom import options, terminal

if TYPE_CHECKING:
    from hdl.explanation import Explanation
    from hdl.ops import Folding
    from ir import Graph

__all__ = ["generate"]

NO_BURSTS = ("no buffers, for the pipeline is near the pace of its slowest stage, or they would "
             "save too little, or not fit")


@click.command()
@options.folder_argument("NET")
@options.preset
@options.target
@click.option("--fps", metavar="N", type=click.FloatRange(min=0, min_open=True),
              help="Images per second to reach with the least area.")
@click.option("--fit", metavar="SHARE",
              type=click.FloatRange(min=0, max=1, min_open=True),
              help="Share of the target's LUTs, flip-flops, block RAM and multipliers to fill at "
                   "most; as many images per second as fit, with weights as logic where that is "
                   "faster. Default: 0.8, on iCE40 0.7, with them as logic where that is smaller.")
@click.option("--clock-mhz", metavar="MHZ", type=click.FloatRange(min=0, min_open=True),
              help="Clock at which --fps is to be reached. Default: the target's.")
@click.option("--folding", "folding_file", metavar="FILE",
              type=click.Path(path_type=Path, dir_okay=False),
              help="TOML file of foldings that you fix; the others are chosen.")
@click.option("--write-folding", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Write all foldings as such a file.")
@click.option("--calibrate", metavar="NAME|PATH",
              help="Data set, as for `simulate --data`: fold for the activity of its first "
                   "training images, not for the measured mean, and size buffers for their bursts. "
                   "Takes minutes.")
@options.data_dir
@options.output("Rtl folder.", required=True)
@options.as_json
def generate(folder: Path | None, preset: str | None, target: str, fps: float | None,
             fit: float | None, clock_mhz: float | None, folding_file: Path | None,
             write_folding: Path | None, calibrate: str | None, data_dir: Path | None,
             output: Path, as_json: bool) -> None:
    """Generate the circuit of an integer graph.

    NET is a folder that `spikeloom quantize` wrote. The output is Verilog, memory contents,
    documents, and in tb/ a test bench with vectors that needs no Python. The same input gives the
    same bytes. The table says what each stage takes, which one is the slowest, and why the
    circuit is no faster.

    \b
    Example:
      spikeloom generate --preset digits -o rtl
      spikeloom generate net --target ulx3s-25f --fps 5000 -o rtl
      spikeloom generate net --target kv260 --folding mine.toml --write-folding all.toml -o rtl
      spikeloom generate --preset fashion --calibrate fashion-mnist --data-dir DIR -o rtl
    """
    from hdl.pins import read_pins, write_pins
    from ir.folder import digest
    from spikeloom.design import generate as generate_design
    from spikeloom.images import find_data, folding_images
    from spikeloom.subject import graph_of

    graph = graph_of(folder, preset)
    pins = read_pins(folding_file, graph) if folding_file else None
    images = (folding_images(find_data(calibrate, data_dir, None), graph)
              if calibrate else None)
    with terminal.stage(f"Fold for {target}"):
        design = generate_design(graph, target, fps=fps, fit=fit, clock_mhz=clock_mhz,
                                 foldings=pins, calibration=images, bursts=images is not None)
    with terminal.stage("Write Verilog"):
        design.write(output)
    if write_folding:
        write_folding.write_text(write_pins(design.foldings))
    explanation = design.explanation or design.explain(clock_mhz=clock_mhz)
    files = sorted(str(path.relative_to(output)) for path in output.rglob("*") if path.is_file())
    result = {"network": graph.name, "digest": digest(graph), "target": target,
              "output": str(output), "files": files,
              "area": {"kind": "estimated", **vars(explanation.area)},
              "explanation": explanation.as_dict()}
    if as_json:
        terminal.print_json(result)
        return
    _print(explanation, graph)
    terminal.figures(f"Circuit of {graph.name} for {target}",
                     [(name, "estimated", value)
                      for name, value in vars(explanation.area).items()])
    terminal.remark(f"{len(files)} files are in {output}")


def _shown(folding: "Folding | None") -> str:
    """Its numbers, and of its words those that are not the usual ones."""
    if folding is None:
        return ""
    values = {each: getattr(folding, each.name) for each in fields(folding)}
    words = [str(value) for each, value in values.items()
             if isinstance(value, StrEnum) and value != each.default]
    return " ".join(["/".join(str(v) for v in values.values() if isinstance(v, int)), *words])


def _print(explanation: "Explanation", graph: "Graph") -> None:
    """The stages as a table, and why there is nothing faster."""
    resources = [name for name in vars(explanation.area) if getattr(explanation.area, name)]
    rows = []
    for stage in explanation.stages:
        slowest = " <" if stage.name == explanation.slowest else ""
        rows.append([stage.name + slowest, _shown(stage.folding), round(stage.cycles),
                     f"{100 * stage.share:.0f} %",
                     *(getattr(stage.area, name) for name in resources),
                     stage.limit.name.lower()])
    rows.append(["AXI ports", "", "", "", *(getattr(explanation.front, name)
                                            for name in resources), ""])
    terminal.table("Stages, all estimated", ["stage", "folding", "cycles", "share", *resources,
                                             "mostly"], rows)
    terminal.remark("< is the slowest. Foldings are lanes/drain/scan, and a form other than by "
                    "events; of an attention its drain, and scores where they come first; stages "
                    "without one take the cut of their input. Cycles per image are for "
                    + (f"the activity of {explanation.images} images." if explanation.images else
                       "the activity that was measured when the network was quantised."
                       if graph.activity else "an assumed spike rate of 0.25."))
    terminal.remark(f"Why no faster: {explanation.reason}")
    if explanation.images:
        terminal.remark(f"Bursts: {explanation.bursts or NO_BURSTS}")
