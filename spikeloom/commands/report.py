"""`spikeloom report`."""

from pathlib import Path

import click

from spikeloom import options, terminal

__all__ = ["report"]


@click.command()
@click.argument("folder", metavar="RUN", type=click.Path(path_type=Path))
@options.as_json
def report(folder: Path, as_json: bool) -> None:
    """Write one HTML page about a run.

    RUN is the folder that `spikeloom verify -o RUN` and `spikeloom synth -o RUN` wrote to, or that
    of `spikeloom demo`. The page, RUN/report.html, has tables, plots, and where every figure comes
    from; it needs no network.

    \b
    Example:
      spikeloom verify rtl --data digits -o runs/mine
      spikeloom synth rtl -o runs/mine
      spikeloom report runs/mine
    """
    from spikeloom.report import write_report

    page = write_report(folder)
    if as_json:
        terminal.print_json({"report": str(page)})
    else:
        terminal.remark(f"The report is {page}")
