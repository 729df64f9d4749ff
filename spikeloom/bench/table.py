"""The rows as a page of documentation."""

from collections.abc import Sequence
from typing import Any

from spikeloom.bench.row import ESTIMATED, MEASURED, MODELLED, Row
from spikeloom.terminal import shown

__all__ = ["COLUMNS", "cells", "page"]

KINDS = (MEASURED, ESTIMATED, MODELLED)
COLUMNS = ("figure", *KINDS, "unit", "target", "met", "peer", "ratio to it")
DETAILS = {
    "accuracy": "accuracy", "interval_cycles": "interval, cycles",
    "latency_cycles": "latency, cycles", "luts": "LUT", "ffs": "FF", "brams": "block RAM",
    "urams": "UltraRAM", "dsps": "DSP", "fmax_mhz": "Fmax, MHz",
}
"""What is stated of every circuit that is compared, and its heading."""

HEAD = """# Bench

Written by `make bench` (`spikeloom bench --docs docs/bench.md`); nothing here is typed. Misses and
losses stand beside the rest. A figure that was not measured says why. The day on which a figure was
measured stands before how it was.

"""


def cells(row: Row) -> list[Any]:
    """What a table shows of a row, under :data:`COLUMNS`."""
    known = row.value is not None
    values = [row.value if row.kind == kind else "" for kind in KINDS]
    return [row.name, *(values if known else ("not measured", "", "")), row.unit,
            str(row.goal or ""), row.met if known and row.goal else "",
            "; ".join(map(str, row.peers)),
            "; ".join(f"{name}: {shown(ratio)}" for name, ratio in row.ratios.items())]


def page(rows: Sequence[Row]) -> str:
    """All rows in Markdown: the figures, the circuits behind them, and how each was obtained."""
    circuits = [row for row in rows if set(row.figures) & set(DETAILS)]
    parts = [_table(COLUMNS, [cells(row) for row in rows])]
    if circuits:
        parts += ["## The circuits", _table(("figure", *DETAILS.values()), [
            [row.name, *(row.figures.get(key) for key in DETAILS)] for row in circuits])]
    parts += ["## How", "\n".join(
        f"- **{row.name}**{f' ({row.date})' if row.date else ''}: {row.how}." for row in rows)]
    return HEAD + "\n\n".join(parts) + "\n"


def _table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [headings, ["---"] * len(headings),
             *(["" if value is None else shown(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
