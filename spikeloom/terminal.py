"""What the program writes: results to standard output, progress and remarks to standard error."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

__all__ = ["NOT_REPORTED", "Done", "KINDS", "Share", "figures", "percent", "print_json", "remark",
           "shown", "stage", "table"]

NOT_REPORTED = "not reported"
"""Stands for None: what a tool did not say, which is not zero."""

KINDS = ("measured", "estimated", "modelled")
"""Where a figure comes from: simulated or placed; a cost model or an estimate; a convention."""

Done = Callable[..., None]
"""Called with how much is done, and, where that is known only then, how much there is."""


class Share(float):
    """A part of a whole, 0 to 1, shown as a percentage."""


LOG_EVERY = 10.0
"""Seconds between two lines of progress in a log."""

_progress = Console(stderr=True)


@contextmanager
def stage(name: str, total: int | None = None) -> Iterator[Done]:
    """Show that work called ``name`` goes on, how far it is and how long it takes.

    A bar in a terminal; elsewhere, in a log, a line now and then.
    """
    with _bar(name, total) if _progress.is_terminal else _lines(name, total) as done:
        yield done


@contextmanager
def _bar(name: str, total: int | None) -> Iterator[Done]:
    counted = () if total is None else (MofNCompleteColumn(),)
    with Progress(TextColumn("{task.description}"), BarColumn(), *counted, TimeElapsedColumn(),
                  console=_progress) as progress:
        task = progress.add_task(name, total=total)
        yield lambda count, of=total: progress.update(task, completed=count, total=of)
        of = progress.tasks[0].total or 1
        progress.update(task, completed=of, total=of)


@contextmanager
def _lines(name: str, total: int | None) -> Iterator[Done]:
    started = said = time.monotonic()
    remark(f"{name} ...")

    def done(count: int, of: int | None = total) -> None:
        nonlocal said
        if time.monotonic() - said >= LOG_EVERY:
            said = time.monotonic()
            remark(f"{name}: {count} of {of}")

    yield done
    remark(f"{name}: {time.monotonic() - started:.1f} s")


def remark(text: str) -> None:
    """Say something that is no result."""
    _progress.print(text, highlight=False, markup=False)


def print_json(result: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Print one JSON object, or a list of them."""
    click.echo(json.dumps(result, indent=2, allow_nan=False))


def shown(value: object) -> str:
    """A value as a person reads it; None is :data:`NOT_REPORTED`."""
    if value is None:
        return NOT_REPORTED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Share):
        return f"{100 * value:.2f} %"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def percent(share: float | None) -> Share | None:
    """A share that is shown as a percentage, None left as it is."""
    return None if share is None else Share(share)


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers stand to the right."""
    result = Table(title=title, title_justify="left", title_style="bold")
    numeric = [all(isinstance(row[i], int | float | None) for row in rows)
               for i in range(len(headings))]
    for heading, right in zip(headings, numeric, strict=True):
        result.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in rows:
        result.add_row(*map(shown, row))
    Console().print(result)


def figures(title: str, rows: Sequence[tuple[str, str, object]]) -> None:
    """Print ``(name, kind, value)`` with a column for each kind that occurs."""
    kinds = [kind for kind in KINDS if any(row[1] == kind for row in rows)]
    cells = [[name, *(shown(value) if kind == column else "" for column in kinds)]
             for name, kind, value in rows]
    table(title, ["", *kinds], cells)
