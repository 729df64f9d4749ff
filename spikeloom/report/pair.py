"""The page of two designs side by side."""

from markupsafe import Markup

from spikeloom.comparison import LAYER_FIGURES, Comparison, Figure
from spikeloom.report import plots
from spikeloom.report.drawing import draw, plotly_script
from spikeloom.report.page import environment
from spikeloom.terminal import KINDS

__all__ = ["render_pair"]

PLOTTED = ("cycles", "LUT", "SOP", "int8 nJ", "spike rate")


def render_pair(found: Comparison) -> str:
    """The page of a comparison: figures and layers by kind, and plots of what differs."""
    return environment().get_template("compare.html.j2").render(
        title=f"{found.a['name']} and {found.b['name']}", found=found,
        figures=_by_kind(found.figures),
        layers=[layer for layer in found.layers if layer.differs],
        columns=[(kind, [name for name, of in LAYER_FIGURES.items() if of == kind],
                  found.different(kind)) for kind in KINDS if found.different(kind)],
        plots=_plots(found), plotly=Markup(plotly_script()))


def _by_kind(figures: tuple[Figure, ...]) -> list[tuple[str, list[Figure]]]:
    groups = [(kind, [figure for figure in figures if figure.kind == kind]) for kind in KINDS]
    return [(kind, group) for kind, group in groups if group]


def _plots(found: Comparison) -> list[dict]:
    made = []
    for name in PLOTTED:
        rows = [(layer.name, figure) for layer in found.layers for figure in layer.figures
                if figure.name == name and (figure.a is not None or figure.b is not None)]
        if any(figure.differs for _, figure in rows):
            unit = f"{name} of each layer"
            figure = plots.pair_plot([(layer, figure.a, figure.b) for layer, figure in rows], unit)
            made.append({"title": unit[0].upper() + unit[1:], "kind": LAYER_FIGURES[name],
                         "html": Markup(draw(figure, name.replace(" ", "-")))})
    return made
