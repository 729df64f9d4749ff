"""The smallest device that is built here holds a whole spiking transformer."""

import pytest

import spikeloom
from flows.targets import get_target
from hdl.ops import ConvFolding, ConvForm

TARGET = get_target("icebreaker")


@pytest.fixture(scope="module")
def graph():
    return spikeloom.quantize("digits-tiny")


@pytest.fixture(scope="module")
def design(graph):
    return spikeloom.generate(graph, TARGET.name)


def test_a_transformer_fits_an_up5k_by_the_estimate(design):
    """With more room than elsewhere: nextpnr finds no place for cells that fill nine tenths."""
    area = design.cost().area
    assert area == design.explanation.area and design.explanation.fps > 10_000
    assert not area.excess(TARGET.budget.scaled(TARGET.fit)) and TARGET.fit < 0.8
    assert {folding.form for folding in design.foldings.values()
            if isinstance(folding, ConvFolding)} == {ConvForm.SERIAL}


def test_it_is_placed_there_as_estimated(design):
    placed, area = design.synthesize(), design.cost().area
    assert placed.met and placed.clock_mhz == TARGET.clock_mhz
    assert placed.accelerator.luts == pytest.approx(area.luts, rel=0.2)
    assert placed.accelerator.brams == pytest.approx(area.brams, rel=0.2)
