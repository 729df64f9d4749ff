"""`spikeloom explore`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spikeloom import options, terminal
from spikeloom.errors import Exit

if TYPE_CHECKING:
    from spikeloom.explore.trial import Row

__all__ = ["explore"]

SHOWN = {"trial": "trial", "accuracy": "accuracy", "energy_uj": "µJ", "latency_us": "µs",
         "luts": "LUT", "brams": "BRAM", "fmax_mhz": "MHz", "cycles_per_image": "cycles",
         "values_compared": "values", "mismatches": "differ"}


@click.command()
@click.argument("space", metavar="SPACE")
@click.option("--trials", metavar="N", type=click.IntRange(min=1), default=40, show_default=True,
              help="Trials in all, those of an earlier run of the folder included.")
@click.option("--minutes", metavar="M", type=click.FloatRange(min=0),
              help="No trial begins after so many minutes. Default: no limit.")
@click.option("--confirm-minutes", metavar="M", type=click.FloatRange(min=0), default=60,
              show_default=True, help="No confirmation begins after so many minutes.")
@click.option("--members", metavar="N", type=click.IntRange(min=0), default=5, show_default=True,
              help="Circuits that are to be confirmed and not beaten; 0 confirms nothing.")
@click.option("--sampler", type=click.Choice(["nsga2", "tpe", "evolution"]), default="nsga2",
              show_default=True,
              help="NSGA-II or a Parzen estimator on all four objectives, or evolution on accuracy "
                   "and energy as one fitness.")
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True,
              help="Of the draws: another one gives other trials.")
@click.option("--workers", metavar="N", type=click.IntRange(min=1),
              help="Processes of this machine. Default: one for each processor.")
@click.option("--cluster", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="TOML file that describes a cluster instead.")
@click.option("--storage", metavar="URL",
              help="Database of the study, as Optuna takes it. Default: a file in the folder.")
@options.data_dir
@options.output("Folder of the run; started again, it goes on where it was. Default: "
                "runs/explore/SPACE.")
@options.as_json
@click.pass_context
def explore(ctx: click.Context, space: str, trials: int, minutes: float | None,
            confirm_minutes: float, members: int, sampler: str, seed: int, workers: int | None,
            cluster: Path | None, storage: str | None, data_dir: Path | None,
            output: Path | None, as_json: bool) -> None:
    """Search networks, bits and circuits for the best trade-offs.

    SPACE is digits, fashion, or a TOML file like theirs. A trial cuts a network out of a trained
    supernet, trains it on integers for a moment and asks the cost models for its circuit. The
    best are then trained for longer, run image by image against their integers, placed and
    routed, until enough of them are not beaten. Interrupted or killed, the command goes on where
    it was; what was running is lost. Ends with 5 if a single value differs.

    \b
    A cluster's file (options as dask-jobqueue takes them; the folder and the data must be shared):
      kind = "slurm"            # or lsf, local
      workers = 20
      [options]
      queue = "batch"
      cores = 1
      memory = "8GB"
      walltime = "02:00:00"

    \b
    Example:
      spikeloom explore digits --trials 20
      spikeloom explore fashion --data-dir DIR --trials 40 --minutes 30 --json
    """
    from spikeloom.explore.run import run
    from spikeloom.explore.space import read_space
    from spikeloom.explore.workers import read_cluster

    if workers is not None and cluster is not None:
        raise click.UsageError("Give --workers or --cluster, one of both")
    described: dict[str, Any] | None = read_cluster(cluster) if cluster else None
    if workers is not None:
        described = {"kind": "local", "workers": workers}
    found = read_space(space)
    folder = output or Path("runs/explore") / found.name
    result = run(found, folder, trials=trials, minutes=minutes, confirm_minutes=confirm_minutes,
                 members=members, sampler=sampler, seed=seed, cluster=described, storage=storage,
                 data_dir=data_dir, say=_say)
    if as_json:
        terminal.print_json(result)
    else:
        terminal.table(f"Front of {found.name}: measured, energy modelled", list(SHOWN.values()),
                       [[row[name] for name in SHOWN] for row in result["front"]])
        terminal.remark(f"{len(result['trials'])} trials, {len(result['confirmed'])} confirmed; "
                        f"the page is {result['report'] or 'not written: the front is empty'}")
    ctx.exit(Exit.DONE if result["unproven"] == 0 else Exit.MISMATCH)


def _say(stage: str, row: "Row") -> None:
    """One line for a trial that is done."""
    what = row.get("reason") or (
        f"accuracy {100 * row['accuracy']:.2f} %, {row['energy_uj']:.3g} uJ, "
        f"{row['latency_us']:.4g} us, {row['luts']} LUT")
    terminal.remark(f"{stage} {row['trial']}: {what}")
