"""`spikeloom generate`."""

from pathlib import Path

import click

from spikeloom import options, terminal

__all__ = ["generate"]


@click.command()
@options.folder_argument("NET")
@options.preset
@options.target
@click.option("--fps", metavar="N", type=click.FloatRange(min=0, min_open=True),
              help="Images per second to reach with the least area.")
@click.option("--fit", metavar="SHARE", default=0.8, show_default=True,
              type=click.FloatRange(min=0, max=1, min_open=True),
              help="Share of the target to fill at most; as many images per second as fit.")
@options.output("Rtl folder.", required=True)
@options.as_json
def generate(folder: Path | None, preset: str | None, target: str, fps: float | None, fit: float,
             output: Path, as_json: bool) -> None:
    """Generate the circuit of an integer graph.

    NET is a folder that `spikeloom quantize` wrote. The output is Verilog, memory contents,
    documents, and in tb/ a test bench with vectors that needs no Python. The same input gives the
    same bytes.

    \b
    Example:
      spikeloom generate --preset digits -o rtl
      spikeloom generate net --target ulx3s-25f --fps 5000 -o rtl
    """
    from ir.folder import digest
    from spikeloom.design import generate as generate_design
    from spikeloom.subject import graph_of

    graph = graph_of(folder, preset)
    with terminal.stage(f"Fold for {target}"):
        design = generate_design(graph, target, fps=fps, fit=fit)
    with terminal.stage("Write Verilog"):
        design.write(output)
    area = design.cost().area
    files = sorted(str(path.relative_to(output)) for path in output.rglob("*") if path.is_file())
    result = {"network": graph.name, "digest": digest(graph), "target": target,
              "output": str(output), "files": files,
              "area": {"kind": "estimated", **vars(area)}}
    if as_json:
        terminal.print_json(result)
        return
    terminal.figures(f"Circuit of {graph.name} for {target}",
                     [(name, "estimated", value) for name, value in vars(area).items()])
    terminal.remark(f"{len(files)} files are in {output}")
