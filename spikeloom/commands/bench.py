"""`spikeloom bench`."""

import json
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
              help="Write the table of all rows that were ever measured, as Markdown, and the rows "
                   "as JSON beside it. Rows that the folder does not have come from there.")
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
    from spikeloom.bench.classifiers import beside
    from spikeloom.bench.run import Bench, Setting, chosen, documented, meant
    from spikeloom.bench.table import COLUMNS, cells, page
    from spikeloom.report import write_whole

    place, setting = Bench(output), Setting(data_dir, terminal.remark, output)
    wanted, fresh = chosen(CHECKS, only), {}
    before = documented(docs.with_suffix(".json"), CHECKS) if docs else {}
    for check in () if kept else wanted:
        with terminal.stage(check.name):
            fresh[check.name] = row = place.row(check, setting)
        terminal.remark(f"{row.name}: {terminal.shown(row.value)} {row.unit} ({row.how})")
    # Rows are compared with others, too, which may be from before.
    known = beside([fresh.get(check.name) or place.kept(check) or before.get(check.name)
                    or check.failed("not yet") for check in CHECKS])
    if docs is not None:
        write_whole(docs.with_suffix(".json"),
                    json.dumps([row.as_dict() for row in known], indent=1) + "\n")
        write_whole(docs, page(known))
    rows = [row for row in known if meant(row.name, only)]
    if as_json:
        terminal.print_json([row.as_dict() for row in rows])
    else:
        terminal.table("Bench", COLUMNS, [cells(row) for row in rows])
    ctx.exit(Exit.MISMATCH if any(row.met is False for row in rows) else Exit.DONE)
