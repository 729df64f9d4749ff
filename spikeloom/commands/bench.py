"""`spikeloom bench`."""

from pathlib import Path

import click

from spikeloom import options, terminal
from spikeloom.errors import Exit

__all__ = ["bench"]


@click.command()
@click.option("--only", metavar="NAME", multiple=True,
              help="Only this row, or all whose names begin with NAME/; may be repeated. An "
                   "unknown name lists all.")
@options.data_dir
@options.output("Folder of the rows. A row whose sources did not change is not measured again.",
                default="runs/bench", show_default=True)
@click.option("--docs", metavar="FILE", type=click.Path(path_type=Path),
              help="Write the table of all rows that were ever measured, as Markdown.")
@click.option("--kept", is_flag=True, help="Measure nothing: show what the folder holds.")
@options.as_json
@click.pass_context
def bench(ctx: click.Context, only: tuple[str, ...], data_dir: Path | None, output: Path,
          docs: Path | None, kept: bool, as_json: bool) -> None:
    """Measure the figures that Spikeloom promises, beside other tools.

    Each row is kept when it is there, so an interrupted bench loses nothing. What cannot be
    measured says why. Ends with 5 if a target is missed or a promised figure is not there.

    \b
    Example:
      spikeloom bench --only golden --only clock/digits --data-dir DIR
    """
    from spikeloom.bench.checks import CHECKS
    from spikeloom.bench.run import Bench, Setting, chosen
    from spikeloom.bench.table import COLUMNS, cells, page
    from spikeloom.report import write_whole

    place, setting = Bench(output), Setting(data_dir, terminal.remark, output)
    rows = []
    for check in chosen(CHECKS, only):
        if kept:
            row = place.kept(check) or check.failed("not yet")
        else:
            with terminal.stage(check.name):
                row = place.row(check, setting)
            terminal.remark(f"{row.name}: {terminal.shown(row.value)} {row.unit} ({row.how})")
        rows.append(row)
    if docs is not None:
        known = [place.kept(check) or check.failed("not yet") for check in CHECKS]
        fresh = {row.name: row for row in rows}
        write_whole(docs, page([fresh.get(row.name, row) for row in known]))
    if as_json:
        terminal.print_json([row.as_dict() for row in rows])
    else:
        terminal.table("Bench", COLUMNS, [cells(row) for row in rows])
    ctx.exit(Exit.MISMATCH if any(row.met is False for row in rows) else Exit.DONE)
