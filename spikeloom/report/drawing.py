"""How every plot of a page looks, and the library that draws them there.

Text and lines of a plot have no colours of their own: the page's style gives them, so that they
follow a dark screen and paper. Colours of data are seen on both.
"""

from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

__all__ = ["ACCENT", "FAINT", "MARK", "PALETTE", "bars", "draw", "plotly_script", "styled"]

ACCENT, MARK, FAINT = "#3d7fc1", "#d2622a", "#7b91a7"
PALETTE = (ACCENT, MARK, "#7a63c9", "#2f9469", FAINT)
ROW = 19
"""Pixels that a bar and its name take."""


def plotly_script() -> str:
    """Plotly itself, so that the page needs no network."""
    return get_plotlyjs()


def bars(traces: list[go.Bar], unit: str, rows: int, **layout: Any) -> go.Figure:
    """Bars from left to right, the first on top: names of any length can be read."""
    figure = styled(go.Figure(traces), height=96 + ROW * rows, **layout)
    figure.update_xaxes(title={"text": unit}, rangemode="tozero", showgrid=True)
    figure.update_yaxes(autorange="reversed", automargin=True, ticks="", tickmode="linear",
                        type="category", ticklabelstandoff=6)
    return figure


def styled(figure: go.Figure, *, height: int, **layout: Any) -> go.Figure:
    """A figure in the page's manner."""
    figure.update_layout(
        template="none", height=height, margin={"l": 12, "r": 18, "t": 30, "b": 46},
        font={"family": "system-ui, sans-serif", "size": 12},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"bgcolor": "#22303d", "bordercolor": "#22303d", "font": {"color": "#ffffff"}},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom",
                "traceorder": "normal"},
        **layout)
    figure.update_xaxes(automargin=True, zeroline=False)
    figure.update_yaxes(automargin=True, zeroline=False)
    return figure


def draw(figure: go.Figure, name: str) -> str:
    """A figure as part of a page; ``name`` is unique there."""
    return figure.to_html(full_html=False, include_plotlyjs=False, default_width="100%",
                          config={"displayModeBar": False, "responsive": True},
                          div_id=f"plot-{name}")
