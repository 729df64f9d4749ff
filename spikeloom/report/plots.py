"""Plots of a run's layers."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from spikeloom.report.drawing import ACCENT, FAINT, MARK, bars

__all__ = ["energy_plot", "operations_plot", "pair_plot", "rate_plot",
           "stage_plot"]

Layer = Mapping[str, Any]


def rate_plot(layers: Sequence[Layer]) -> go.Figure:
    """Share of neurons that spike in a time step, by tensor of spikes."""
    spiking = [layer for layer in layers if layer["spike_rate"] is not None]
    trace = go.Bar(y=[layer["name"] for layer in spiking], orientation="h", marker_color=ACCENT,
                   x=[100 * layer["spike_rate"] for layer in spiking],
                   hovertemplate="%{y}: %{x:.2f} %<extra></extra>")
    return bars([trace], "spikes per neuron and time step, %", len(spiking))


def stage_plot(stages: Sequence[Layer], slowest: str | None) -> go.Figure:
    """Service cycles of each stage of the pipeline; the slowest sets the rate."""
    trace = go.Bar(y=[stage["name"] for stage in stages], orientation="h",
                   x=[stage["busy_cycles"] for stage in stages],
                   customdata=[stage["limit"] for stage in stages],
                   marker_color=[MARK if stage["name"] == slowest else ACCENT for stage in stages],
                   hovertemplate="%{y}: %{x:,.0f} cycles, mostly %{customdata}<extra></extra>")
    return bars([trace], "cycles per image", len(stages))


def operations_plot(layers: Sequence[Layer]) -> go.Figure:
    """Operations that were executed, beside those that a network without spikes would need."""
    names = [layer["name"] for layer in layers]
    traces = [go.Bar(name="executed", y=names, orientation="h", marker_color=ACCENT,
                     x=[layer["acs"] + layer["macs"] for layer in layers],
                     hovertemplate="%{y}: %{x:,.0f} executed<extra></extra>"),
              go.Bar(name="if every input were a spike", y=names, orientation="h",
                     marker_color=FAINT, x=[layer["dense"] for layer in layers],
                     hovertemplate="%{y}: %{x:,.0f} if dense<extra></extra>")]
    return bars(traces, "operations per image", 2 * len(layers), barmode="group")


def energy_plot(parts: Sequence[tuple[str, Mapping[str, float]]],
                colors: Sequence[str]) -> go.Figure:
    """Energy of each layer by what takes it: names of parts, with nanojoules by layer."""
    traces = [go.Bar(name=name, y=list(by_layer), x=list(by_layer.values()), orientation="h",
                     marker_color=color, hovertemplate=f"%{{y}}: %{{x:.4g}} nJ, {name}"
                                                       "<extra></extra>")
              for (name, by_layer), color in zip(parts, colors, strict=False)]
    names = {layer for _, by_layer in parts for layer in by_layer}
    return bars(traces, "nJ per image", len(names), barmode="stack")


def pair_plot(rows: Sequence[tuple[str, float | None, float | None]], unit: str) -> go.Figure:
    """A figure of two designs, layer by layer."""
    names = [name for name, _, _ in rows]
    traces = [go.Bar(name=side, y=names, x=[row[1 + n] for row in rows], orientation="h",
                     marker_color=color,
                     hovertemplate=f"%{{y}}, {side}: %{{x:,.4~g}}<extra></extra>")
              for n, (side, color) in enumerate((("A", ACCENT), ("B", MARK)))]
    return bars(traces, unit, 2 * len(rows), barmode="group")
