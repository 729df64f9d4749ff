"""Published energies are reached again from the sizes of layers and their firing rates."""

import pytest

from spikeloom.bench import energies
from spikeloom.bench.run import Setting
from spikeloom.energy.published import find_published, published

LOGGED = "spikingformer-8-512"


@pytest.mark.parametrize("name", sorted(published()))
def test_layers_have_the_published_parameters(name):
    network = find_published(name)
    assert network.parameters / 1e6 == pytest.approx(network.parameters_m, abs=0.011)
    assert network.source


@pytest.mark.parametrize("name", sorted(published()))
def test_a_rate_gives_the_published_energy(name):
    network = find_published(name)
    for once in (False, True):
        assert 0 < network.rate(stem_once=once) < 1
        assert network.at_rate(network.rate(stem_once=once), stem_once=once) == pytest.approx(
            network.energy_mj)


def test_every_layer_of_the_authors_log():
    network = find_published(LOGGED)
    layers, log = network.layers(), network.measured
    assert log is not None
    said = [layer for layer in layers if layer.published is not None]
    assert len(said) == 4 + 8 * 6
    for layer in said:
        assert layer.operations == pytest.approx(layer.published, rel=1e-6), layer.name
    assert sum(layer.operations for layer in layers if layer.rate is None) == log.macs_g * 1e9
    acs = sum(layer.operations for layer in layers if layer.rate is not None)
    assert acs / 1e9 == pytest.approx(log.acs_g, rel=1e-8)
    millijoules = sum(layer.picojoules for layer in layers) / 1e9
    assert millijoules == pytest.approx(log.energy_mj, rel=1e-8)
    assert millijoules == pytest.approx(network.energy_mj, rel=0.02)


def test_without_rates_there_is_no_table():
    with pytest.raises(ValueError, match="No firing rates of the layers of 'sdt-8-512' are pub"):
        find_published("sdt-8-512").layers()


def test_unknown_network():
    with pytest.raises(ValueError, match="No published network is called 'x'; there are max-"):
        find_published("x")


def test_the_bench_says_how_far_it_is_from_the_published_figure():
    (check,) = energies.CHECKS
    row = check.row(check.measure(Setting(None)))
    assert row.name == check.name == f"energy/{LOGGED}" and row.met
    assert row.value == pytest.approx(0.047, abs=0.001)
