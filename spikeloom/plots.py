"""The report's plots."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

__all__ = ["energy_plot", "operations_plot", "plotly_script", "rate_plot", "stage_plot"]

INK, ACCENT, MARK, SOFT = "#1f2933", "#2b6cb0", "#c05621", "#90cdf4"

Layer = Mapping[str, Any]


def plotly_script() -> str:
    """Plotly itself, so that the page needs no network."""
    return get_plotlyjs()


def rate_plot(layers: Sequence[Layer]) -> str:
    """Share of neurons that spike in a time step, by tensor of spikes."""
    spiking = [layer for layer in layers if layer["spike_rate"] is not None]
    bars = go.Bar(x=[layer["name"] for layer in spiking],
                  y=[100 * layer["spike_rate"] for layer in spiking], marker_color=ACCENT)
    return _html([bars], "Spike rate (measured)", "spikes per neuron and step, %")


def stage_plot(stages: Sequence[Layer], slowest: str | None) -> str:
    """Service cycles of each stage of the pipeline; the slowest sets the rate."""
    bars = go.Bar(x=[stage["name"] for stage in stages],
                  y=[stage["busy_cycles"] for stage in stages],
                  marker_color=[MARK if stage["name"] == slowest else ACCENT for stage in stages])
    return _html([bars], "Service cycles per image and stage (estimated)", "cycles")


def operations_plot(layers: Sequence[Layer]) -> str:
    """Operations that were executed, beside those that a network without spikes would need."""
    names = [layer["name"] for layer in layers]
    bars = [go.Bar(name="executed", x=names, marker_color=ACCENT,
                   y=[layer["acs"] + layer["macs"] for layer in layers]),
            go.Bar(name="if every input were a spike", x=names, marker_color=SOFT,
                   y=[layer["dense"] for layer in layers])]
    return _html(bars, "Operations per image and layer (modelled)", "operations",
                 barmode="group")


def energy_plot(layers: Sequence[Layer]) -> str:
    """Energy of each layer's operations, and of reading its weights."""
    names = [layer["name"] for layer in layers]
    bars = [go.Bar(name=name, x=names, y=[layer[key] for layer in layers], marker_color=color)
            for name, key, color in (("executed operations, int8", "int8_nj", ACCENT),
                                     ("reading weights", "weight_memory_nj", SOFT))]
    return _html(bars, "Energy per image and layer (modelled, 45 nm int8)", "nJ",
                 barmode="stack")


def _html(traces: list[go.Bar], title: str, unit: str, **layout: Any) -> str:
    figure = go.Figure(traces)
    figure.update_layout(template="simple_white",
                         title={"text": title, "font": {"size": 15}, "y": 0.96},
                         font={"family": "system-ui, sans-serif", "color": INK, "size": 12},
                         margin={"l": 64, "r": 16, "t": 72, "b": 110}, height=380,
                         paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
                         yaxis={"title": {"text": unit}, "rangemode": "tozero"},
                         xaxis={"tickangle": -45},
                         legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0,
                                 "xanchor": "left"}, **layout)
    return figure.to_html(full_html=False, include_plotlyjs=False, default_width="100%",
                          config={"displayModeBar": False, "responsive": True},
                          div_id=f"plot-{_stable(title):x}")


def _stable(text: str) -> int:
    """A number for ``text``, the same in every run: plotly's own names are random."""
    return int.from_bytes(text.encode()) % (1 << 48)
