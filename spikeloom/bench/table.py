"""The rows as a page of documentation."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from spikeloom.bench.row import Row
from spikeloom.terminal import shown

__all__ = ["COLUMNS", "beside", "cells", "page"]

COLUMNS = ("figure", "value", "unit", "target", "met", "kind", "peer")
DETAILS = {
    "accuracy": "accuracy", "interval_cycles": "interval, cycles",
    "latency_cycles": "latency, cycles", "luts": "LUT", "ffs": "FF", "brams": "block RAM",
    "urams": "UltraRAM", "dsps": "DSP", "fmax_mhz": "Fmax, MHz",
}
"""What is stated of every circuit that is compared, and its heading."""

HEAD = """# Bench

Written by `make bench` (`spikeloom bench --docs docs/bench.md`); nothing here is typed. Misses and
losses stand beside the rest. A figure that was not measured says why.

"""


def cells(row: Row) -> list[Any]:
    """What a table shows of a row, under :data:`COLUMNS`."""
    known = row.value is not None
    return [row.name, row.value if known else "", row.unit, str(row.goal or ""),
            row.met if known and row.goal else "", row.kind if known else "not measured",
            row.peer or ""]


def beside(rows: Sequence[Row]) -> list[Row]:
    """Rows whose circuit classifies MNIST name other tools' classifiers, where rows have those."""
    others = "; ".join(_classifier(row) for row in rows if row.name.startswith("classifier/"))
    return [replace(row, peer=others) if others and row.name.startswith("area-time/mnist") else row
            for row in rows]


def _classifier(row: Row) -> str:
    name, figures = row.name.partition("/")[2], row.figures
    reached = f", {figures['accuracy']:.2%} right" if "accuracy" in figures else ""
    if row.value is None:
        return f"{name}: {row.how}{reached}"
    return (f"{name}: {row.value:,.0f} {row.unit}{reached} ({figures['luts']:,} LUT, "
            f"{figures['fmax_mhz']:.1f} MHz, {figures['interval_cycles']:,.0f} cycles)")


def page(rows: Sequence[Row]) -> str:
    """All rows in Markdown: the figures, the circuits behind them, and how each was obtained."""
    rows = beside(rows)
    circuits = [row for row in rows if set(row.figures) & set(DETAILS)]
    parts = [_table(COLUMNS, [cells(row) for row in rows])]
    if circuits:
        parts += ["## The circuits", _table(("figure", *DETAILS.values()), [
            [row.name, *(row.figures.get(key) for key in DETAILS)] for row in circuits])]
    parts += ["## How", "\n".join(f"- **{row.name}**: {row.how}." for row in rows)]
    return HEAD + "\n\n".join(parts) + "\n"


def _table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [headings, ["---"] * len(headings),
             *(["" if value is None else shown(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
