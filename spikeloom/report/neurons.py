"""Membranes and spikes of a layer, golden beside circuit, differences marked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from spikeloom.report.drawing import ACCENT, MARK, styled

__all__ = ["DIFFERENCE", "neurons_figure"]

DIFFERENCE = "#e02424"
"""What is not golden's."""

_FIRED = ((0.0, "rgba(123,145,167,0.16)"), (1.0, ACCENT))
_MEMBRANE = ((0.0, ACCENT), (0.5, "rgba(123,145,167,0.16)"), (1.0, MARK))
PANELS = (("membrane", "golden"), ("membrane", "circuit"), ("spikes", "golden"),
          ("spikes", "circuit"))
CELL = 7
"""Pixels of a channel."""


def neurons_figure(layer: Mapping[str, Any]) -> go.Figure:
    """A layer of :func:`spikeloom.recording.measure_neurons` as four maps.

    Channels go down, positions to the right, time step behind time step. Maps of one part share
    their colours; a value of the circuit that is not golden's has a red cross.
    """
    figure = make_subplots(rows=2, cols=2, horizontal_spacing=0.03, vertical_spacing=0.16,
                           shared_xaxes=True, shared_yaxes=True,
                           subplot_titles=[f"{part}, {side}" for part, side in PANELS])
    columns = _columns(layer)
    channels = list(range(*layer["channels"]))
    for n, (part, side) in enumerate(PANELS):
        row, column = n // 2 + 1, n % 2 + 1
        golden, values = (np.array(layer[part][which]) for which in ("golden", side))
        figure.add_heatmap(
            z=values, x=columns, y=channels, row=row, col=column, coloraxis=f"coloraxis{row}",
            hovertemplate=f"channel %{{y}}, %{{x}}: %{{z}}<extra>{part}, {side}</extra>")
        wrong = np.argwhere(golden != values)
        if len(wrong):
            figure.add_scatter(
                x=[columns[place] for _, place in wrong], row=row, col=column, mode="markers",
                y=[channels[channel] for channel, _ in wrong], showlegend=False, hoverinfo="skip",
                marker={"symbol": "x-thin", "size": 7,
                        "line": {"color": DIFFERENCE, "width": 2}})
    styled(figure, height=150 + 2 * max(60, CELL * len(channels)))
    bound = max(1, *(abs(value) for side in ("golden", "circuit")
                     for line in layer["membrane"][side] for value in line))
    top = max(1, *(value for side in ("golden", "circuit")
                   for line in layer["spikes"][side] for value in line))
    figure.update_layout(
        coloraxis1={"colorscale": _MEMBRANE, "cmin": -bound, "cmax": bound, "showscale": False},
        coloraxis2={"colorscale": _FIRED, "cmin": 0, "cmax": top, "showscale": False})
    steps, width = layer["shape"][0], len(columns) // layer["shape"][0]
    figure.update_xaxes(showgrid=False, tickmode="array", type="category",
                        tickvals=[columns[step * width] for step in range(steps)],
                        ticktext=[f"step {step}" for step in range(steps)])
    figure.update_yaxes(showgrid=False, autorange="reversed")
    figure.update_yaxes(title={"text": "channel"}, col=1)
    return figure


def _columns(layer: Mapping[str, Any]) -> list[str]:
    """The name of each column: its time step and position."""
    steps, _, _, width = layer["shape"]
    return [f"step {step}, ({place // width}, {place % width})"
            for step in range(steps) for place in range(*layer["positions"])]
