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
@click.option("--mapped", metavar="TARGET",
              help="Run the netlist that synthesis for TARGET makes, not the Verilog that it is "
                   "made of.")
@click.option("--neurons", metavar="N", type=click.IntRange(min=0),
              help="Also look into the neurons while test image N passes: membranes and spikes go "
                   "to neurons.json, for `spikeloom report`. Needs --output.")
@click.option("--processes", metavar="N", type=click.IntRange(min=1),
              help="Simulations side by side. Default: one for each processor.")
@options.output("Folder of a run: what was found goes to verification.json there, for `spikeloom "
                "report`.")
@options.as_json
@click.pass_context
def verify(ctx: click.Context, folder: Path | None, preset: str | None, data: str | None,
           data_dir: Path | None, images: int | None, trace_images: int, mapped: str | None,
           neurons: int | None, processes: int | None, output: Path | None, as_json: bool) -> None:
    """Compare the circuit with the integer network.

    RTL is a folder that `spikeloom generate` wrote. Its Verilog runs real images: all logits of all
    images are compared, and every tensor of the first --trace-images. Ends with 5 if a single value
    differs, and says which is the first.

    With --mapped, the target's cells run the images instead, as they would be placed: all logits
    are compared with the integer network, and each image's cycles with the Verilog's. A few images
    take minutes, as such a netlist is large to compile.

    With --neurons, what is inside the neurons is compared too, for one image: every membrane
    potential and every spike. The circuit is compiled once more for that.

    \b
    Example:
      spikeloom verify rtl --data digits
      spikeloom verify --preset mnist --data-dir DIR --images 10000 --json
      spikeloom verify rtl --images 20 --mapped ulx3s-85f
      spikeloom verify rtl -o runs/mine --neurons 7
    """
    from spikeloom.mapped import MAPPED, measure_mapped
    from spikeloom.recording import measure_neurons
    from spikeloom.report import NEURONS, VERIFICATION, write_whole
    from spikeloom.subject import open_task
    from spikeloom.summary import agrees, mapped_summary, summary
    from spikeloom.verification import measure

    if neurons is not None and (output is None or mapped is not None):
        raise click.UsageError("--neurons needs --output, the folder to write to, and no --mapped: "
                               "in a mapped netlist no membranes can be seen")
    task = open_task(folder, preset, data, data_dir, images)
    if neurons is not None and neurons >= len(task.images):
        raise ValueError(f"--neurons {neurons} is none of the {len(task.images)} images that run, "
                         f"which are 0 to {len(task.images) - 1}")
    if mapped is None:
        found = measure(task.design, task.images, task.labels, preset=task.preset,
                        trace_images=trace_images, processes=processes, stage=terminal.stage)
        document, rows = VERIFICATION, summary(found, None)
    else:
        found = measure_mapped(task.design, task.images, mapped, processes=processes,
                               progress=terminal.remark, stage=terminal.stage)
        document, rows = MAPPED, mapped_summary(found)
    result = {**found, "data": task.data}
    if output is not None:
        write_whole(output / document, json.dumps(result, indent=1) + "\n")
    if as_json:
        terminal.print_json(result)
    else:
        terminal.figures(f"Verification of {result['network']} on {task.data}", rows)
    if result["first_difference"]:
        terminal.remark(f"First difference: {result['first_difference']['text']}")
    equal = agrees(result)
    if neurons is not None and output is not None:
        with terminal.stage(f"Look into the neurons at image {neurons}"):
            inside = measure_neurons(task.design, task.images[neurons], neurons,
                                     int(task.labels[neurons]))
        write_whole(output / NEURONS, json.dumps(inside) + "\n")
        equal &= agrees(inside)
        terminal.remark(f"{inside['values_compared']} potentials and spikes inside the neurons "
                        f"compared, {inside['mismatches']} differ")
    ctx.exit(Exit.DONE if equal else Exit.MISMATCH)
