"""The smallest device that is built here holds a whole spiking transformer."""

import pytest

import spikeloom
from flows.targets import get_target
from hdl.ops import ConvFolding, ConvForm

TARGET = get_target("icebreaker")


@pytest.fixture(scope="module")
def graph():
    return spikeloom.quantize("digits-tiny")


def test_a_transformer_fits_an_up5k_by_the_estimate(graph):
    design = spikeloom.generate(graph, TARGET.name, fps=10_000)
    assert design.explanation is not None
    area = design.cost().area
    assert area == design.explanation.area and not area.excess(TARGET.budget.scaled(0.7))
    assert design.explanation.fps >= 10_000
    assert {folding.form for folding in design.foldings.values()
            if isinstance(folding, ConvFolding)} == {ConvForm.SERIAL}


def test_what_is_generated_without_a_rate_fits_too(graph):
    """With more room than elsewhere: nextpnr finds no place for cells that fill nine tenths."""
    area = spikeloom.generate(graph, TARGET.name).cost().area
    assert not area.excess(TARGET.budget.scaled(TARGET.fit)) and TARGET.fit < 0.8
