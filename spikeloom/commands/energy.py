"""`spikeloom energy`."""

import json
from pathlib import Path

import click

from spikeloom import options, terminal

__all__ = ["energy"]

COUNTINGS = ("executed", "papers-ac", "papers-mac")


@click.command()
@options.folder_argument("RTL")
@options.preset
@options.data_set
@options.data_dir
@options.images(None)
@click.option("--published", metavar="NAME",
              help="Instead: the energy that a network's authors publish, beside what its layers' "
                   "sizes give; an unknown name lists those known.")
@click.option("--counting", type=click.Choice(COUNTINGS), default=COUNTINGS[0], show_default=True,
              help="The rule by which operations are counted: what integer hardware executes, or "
                   "FLOPs times firing rate as papers do, shortcuts that add spikes read as spikes "
                   "(ac) or as numbers (mac).")
@click.option("--activity", metavar="N", type=click.IntRange(min=2),
              help="Simulate the circuit on N images, count what toggles, and model the FPGA's "
                   "energy with it. Compiles a simulation of its own, which takes minutes.")
@click.option("--table", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Energies of the FPGA's resources. Default: those of the target's family.")
@click.option("--clock-mhz", metavar="MHZ", type=click.FloatRange(min=0, min_open=True),
              help="Clock of the model. Default: the target's.")
@click.option("--measured-watts", metavar="W", type=click.FloatRange(min=0, min_open=True),
              help="Power measured on a board that runs the circuit at this clock, image after "
                   "image: scales the table. Needs --write-table.")
@click.option("--write-table", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Where the scaled table goes, for --table.")
@options.output("Folder of a run: what was found goes to energy.json there, for `spikeloom "
                "report`.")
@options.as_json
def energy(folder: Path | None, preset: str | None, data: str | None, data_dir: Path | None,
           images: int | None, published: str | None, counting: str, activity: int | None,
           table: Path | None, clock_mhz: float | None, measured_watts: float | None,
           write_table: Path | None, output: Path | None, as_json: bool) -> None:
    """Count operations and memory traffic, and model energy.

    RTL is a folder that `spikeloom generate` wrote. The integer network runs real images; its
    operations cost what the literature says of 45 nm. With --activity, the Verilog runs too, and a
    table of energies of the FPGA's resources makes power of its toggles. No figure is measured,
    but for the power that you give.

    \b
    Example:
      spikeloom energy rtl --data digits
      spikeloom energy --preset digits --activity 20
      spikeloom energy rtl --activity 20 -o runs/mine
      spikeloom energy rtl --activity 20 --clock-mhz 100 --measured-watts 0.41 --write-table my.toml
      spikeloom energy --published spikingformer-8-512
    """
    if published is not None:
        if any(given is not None for given in (folder, preset, output)):
            raise click.UsageError("--published takes no folder, no --preset and no --output")
        from spikeloom.energy.tell import tell_published

        tell_published(published, as_json)
        return
    _check(activity, table, clock_mhz, measured_watts, write_table)
    from ir.folder import digest
    from spikeloom.energy.breakdown import breakdown
    from spikeloom.energy.conventions import Counting
    from spikeloom.energy.measure import count_energy
    from spikeloom.energy.tell import tell
    from spikeloom.report import ENERGY, write_whole
    from spikeloom.subject import open_task

    task = open_task(folder, preset, data, data_dir, images)
    with terminal.stage("Count operations", len(task.images)) as progress:
        counted = count_energy(task.design.graph, task.images, foldings=task.design.foldings,
                               progress=progress)
    power = None
    if activity is not None:
        from spikeloom.energy.power import calibrated, model_power
        from spikeloom.energy.tables import load_table

        energies = None if table is None else load_table(table)
        some = task.images[:activity]
        with terminal.stage(f"Simulate {len(some)} images and count toggles",
                            len(some)) as progress:
            toggles = task.design.activity(some, progress=progress)
        power = model_power(task.design, toggles, table=energies, clock_mhz=clock_mhz)
        if measured_watts is not None and write_table is not None:
            power = calibrated(power, measured_watts, write_table)
            write_whole(write_table, power.table.text())
    found = {"network": task.design.graph.name, "digest": digest(task.design.graph),
             "data": task.data, **breakdown(counted, power, Counting(counting))}
    if output is not None:
        write_whole(output / ENERGY, json.dumps(found, indent=1) + "\n")
    if as_json:
        terminal.print_json(found)
    else:
        tell(found)


def _check(activity: int | None, table: Path | None, clock_mhz: float | None,
           measured_watts: float | None, write_table: Path | None) -> None:
    """Options of the model need the model."""
    given = {"--table": table, "--clock-mhz": clock_mhz, "--measured-watts": measured_watts,
             "--write-table": write_table}
    if activity is None:
        for name, value in given.items():
            if value is not None:
                raise click.UsageError(f"{name} is of the FPGA's model: give --activity N too")
    if (measured_watts is None) != (write_table is None):
        raise click.UsageError("--measured-watts and --write-table go together")
