"""`spikeloom verify`."""

import json
from pathlib import Path

import click

from spikeloom import options, terminal
from spikeloom.errors import Exit

__all__ = ["verify"]


@click.command()
@options.folder_argument("RTL")
@options.preset
@options.data_set
@options.data_dir
@options.images(None)
@click.option("--trace-images", metavar="N", type=click.IntRange(min=0), default=500,
              show_default=True, help="Images of which every tensor is compared.")
@click.option("--processes", metavar="N", type=click.IntRange(min=1),
              help="Simulations side by side. Default: one for each processor.")
@options.output("Folder of a run: what was found goes to verification.json there, for `spikeloom "
                "report`.")
@options.as_json
@click.pass_context
def verify(ctx: click.Context, folder: Path | None, preset: str | None, data: str | None,
           data_dir: Path | None, images: int | None, trace_images: int, processes: int | None,
           output: Path | None, as_json: bool) -> None:
    """Compare the circuit with the integer network.

    RTL is a folder that `spikeloom generate` wrote. Its Verilog runs real images: all logits of all
    images are compared, and every tensor of the first --trace-images. Ends with 5 if a single value
    differs, and says which is the first.

    \b
    Example:
      spikeloom verify rtl --data digits
      spikeloom verify --preset mnist --data-dir DIR --images 10000 --json
    """
    from spikeloom.images import default_data, find_data, test_images
    from spikeloom.report import VERIFICATION, write_whole
    from spikeloom.subject import design_of, preset_of
    from spikeloom.summary import summary
    from spikeloom.verification import measure

    design = design_of(folder, preset)
    known = preset_of(design.graph, preset)
    dataset = find_data(data, data_dir, default_data(design.graph.notes))
    pixels, labels = test_images(dataset, design.graph, images)
    result = measure(design, pixels, labels, preset=known, trace_images=trace_images,
                     processes=processes, stage=terminal.stage)
    result["data"] = dataset.name
    if output is not None:
        write_whole(output / VERIFICATION, json.dumps(result, indent=1) + "\n")
    if as_json:
        terminal.print_json(result)
    else:
        terminal.figures(f"Verification of {design.graph.name} on {dataset.name}",
                         summary(result, None))
    if result["first_difference"]:
        terminal.remark(f"First difference: {result['first_difference']['text']}")
    equal = result["values_compared"] > 0 and result["mismatches"] == 0
    ctx.exit(Exit.DONE if equal else Exit.MISMATCH)
