"""Accuracy against what it costs, for the circuits that a search found."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from spikeloom.report.drawing import PALETTE, styled
from spikeloom.terminal import percent, shown

__all__ = ["COSTS", "front_figure"]

COSTS = {"energy_uj": "energy per image, µJ", "latency_us": "latency, µs", "luts": "LUTs"}
"""What a circuit costs, and how it is said."""

_SHOWN = (("accuracy", "accuracy"), ("energy_uj", "energy, µJ"), ("latency_us", "latency, µs"),
          ("luts", "LUTs"), ("brams", "block RAMs"), ("fmax_mhz", "Fmax, MHz"),
          ("cycles_per_image", "cycles per image"), ("values_compared", "values compared"),
          ("mismatches", "mismatches"))


def front_figure(rows: Sequence[Mapping[str, Any]], cost: str = "energy_uj") -> go.Figure:
    """Accuracy over a cost, one point for each circuit, all that is known of it on hovering.

    A row has ``accuracy`` (a share), ``energy_uj``, ``energy_kind``, ``latency_us``, ``luts``,
    ``brams``, ``fmax_mhz``, ``cycles_per_image``, ``images``, ``values_compared``, ``mismatches``,
    and may have a ``name``. Energies of different kinds are different series: they are not joined.
    The line joins the circuits that none of the others beats in both.
    """
    if cost not in COSTS:
        raise ValueError(f"There is no cost {cost!r}; there are {', '.join(COSTS)}")
    kinds = sorted({str(row["energy_kind"]) for row in rows}) if cost == "energy_uj" else [""]
    figure = go.Figure()
    for kind, color in zip(kinds, PALETTE * (1 + len(kinds) // len(PALETTE)), strict=False):
        mine = [row for row in rows if row[cost] is not None
                and (not kind or str(row["energy_kind"]) == kind)]
        best = _undominated(mine, cost)
        figure.add_scatter(x=[row[cost] for row in best], mode="lines", showlegend=False,
                           y=[100 * row["accuracy"] for row in best], hoverinfo="skip",
                           line={"color": color, "width": 1.5, "shape": "hv"})
        figure.add_scatter(x=[row[cost] for row in mine], name=kind, mode="markers",
                           y=[100 * row["accuracy"] for row in mine], showlegend=bool(kind),
                           text=[_hover(row) for row in mine],
                           hovertemplate="%{text}<extra></extra>",
                           marker={"color": color, "size": 11})
    styled(figure, height=380, hovermode="closest")
    figure.update_xaxes(title={"text": COSTS[cost]}, showgrid=True)
    figure.update_yaxes(title={"text": "accuracy, %"}, showgrid=True)
    return figure


def _undominated(rows: Sequence[Mapping[str, Any]], cost: str) -> list[Mapping[str, Any]]:
    """From the cheapest on, each that is more accurate than all before it."""
    best: list[Mapping[str, Any]] = []
    for row in sorted(rows, key=lambda row: (row[cost], -row["accuracy"])):
        if not best or row["accuracy"] > best[-1]["accuracy"]:
            best.append(row)
    return best


def _hover(row: Mapping[str, Any]) -> str:
    lines = [f"<b>{row['name']}</b>"] if row.get("name") else []
    for key, title in _SHOWN:
        value = shown(percent(row[key]) if key == "accuracy" else row.get(key))
        kind = f" ({row['energy_kind']})" if key == "energy_uj" else ""
        lines.append(f"{title}: {value}{kind}")
    return "<br>".join(lines)
