"""`spikeloom zoo`."""

from dataclasses import asdict
from pathlib import Path

import click

from spikeloom import options, terminal
from spikeloom.errors import Exit

__all__ = ["zoo"]

COLUMNS = ("preset", "float", "integers", "spikes", "cycles", "images", "values", "differ")


@click.command()
@click.option("--only", metavar="NAME", multiple=True,
              help="Only this system or preset; may be repeated. An unknown name lists all.")
@options.images(200)
@options.data_dir
@options.target
@click.option("--processes", metavar="N", type=click.IntRange(min=1),
              help="Simulations side by side. Default: one for each processor.")
@options.output("Folder of the run: circuits and results. What is there already and right is not "
                "done again.", default="runs/zoo", show_default=True)
@options.as_json
@click.pass_context
def zoo(ctx: click.Context, only: tuple[str, ...], images: int, data_dir: Path | None,
        target: str, processes: int | None, output: Path, as_json: bool) -> None:
    """Run every published system through its circuit.

    For each preset of the zoo, the generated Verilog runs real images and every value of every
    tensor is compared. Test images are taken first; where a data set has too few, training images
    follow. Ends with 5 if a single value differs. An interrupted run goes on where it was.

    Accuracies are those of the whole test set.

    \b
    Example:
      spikeloom zoo --data-dir DIR
      spikeloom zoo --only QKFormer --only sdt-dvs --images 50 --data-dir DIR --json
    """
    from spikeloom.zoo import chosen, run

    rows = []
    for entry in chosen(only):
        with terminal.stage(f"{entry.system}: {entry.preset.name}", images) as progress:
            rows.append(run(entry, output, images=images, data_dir=data_dir, target=target,
                            processes=processes, progress=progress))
        if rows[-1].first_difference:
            terminal.remark(f"First difference: {rows[-1].first_difference}")
    if as_json:
        terminal.print_json([asdict(row) for row in rows])
    else:
        terminal.table("The zoo", COLUMNS, [
            [row.preset, terminal.percent(row.accuracy_float),
             terminal.percent(row.accuracy_integer), terminal.percent(row.spike_rate),
             row.cycles_per_image, row.images, row.values_compared, row.mismatches]
            for row in rows])
    ctx.exit(Exit.DONE if rows and all(row.equal for row in rows) else Exit.MISMATCH)
