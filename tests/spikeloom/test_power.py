"""The model of an FPGA's power: every toggle, clock edge and access has its price."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import spikeloom
from flows import get_target
from flows.devices import DEVICES, Family
from hdl.cost import FRONT, stage_areas
from hdl.lowering import Lowering
from ir.block_ram import DP16KD
from sim.activity import Activity, MemoryActivity, Part
from spikeloom.energy.breakdown import breakdown
from spikeloom.energy.measure import count_energy
from spikeloom.energy.power import FRONT_NAME, calibrated, model_power
from spikeloom.energy.tables import EVENTS, HOME, load_table, table_of
from tests.ir.graphs import small_graph

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 1, 4, 4), dtype=np.uint8)

WORDS = MemoryActivity(width=20, depth=1024, writable=True, reads=300.0, writes=100.0)
FEW = replace(WORDS, depth=16)
CONSTANTS = replace(WORDS, depth=100, writable=False, writes=0.0)


@pytest.fixture(scope="module")
def design() -> spikeloom.Design:
    return spikeloom.generate(small_graph(3), target="ulx3s-25f")


@pytest.fixture
def activity(design) -> Activity:
    parts = {node.name: Part(bits=100, toggles=5000, memories=[]) for node in design.graph.nodes}
    parts["down"].memories = [WORDS, FEW, CONSTANTS]
    parts["down_fork"] = Part(bits=50, toggles=10000, memories=[])
    parts["down_shortcut1"] = Part(bits=50, toggles=5000, memories=[])
    parts[""] = Part(bits=10, toggles=10, memories=[])
    return Activity(images=10, cycles=1000.0, cycles_per_image=90.0, parts=parts)


def test_energies_of_known_activity(design, activity):
    power = model_power(design, activity, clock_mhz=45.0)
    parts = {part.name: part for part in power.parts}
    areas = stage_areas(Lowering(design.graph, design.foldings)) | {FRONT_NAME: FRONT}
    assert parts.keys() == areas.keys()
    energy = {event: number.value / 1000 for event, number in table_of("ecp5").energy_pj.items()}
    rates = dict.fromkeys(parts, 0.05) | {"down": 20000 / 200 / 1000, FRONT_NAME: 0.001}
    for name, part in parts.items():
        luts, ffs = areas[name].luts, areas[name].ffs
        assert part.toggle_rate == pytest.approx(rates[name])
        assert part.logic_nj == pytest.approx(90 * rates[name] * (
            luts * energy["lut_toggle"] + ffs * energy["ff_toggle"]))
        assert part.clock_nj == pytest.approx(90 * ffs * energy["ff_clock"])
        if name != "down":
            assert part.ram_nj == 0
    blocks = DP16KD.blocks(20, 1024), DP16KD.blocks(20, 100)
    assert parts["down"].ram_nj == pytest.approx(0.09 * (
        blocks[0] * (300 * energy["ram_read"] + 100 * energy["ram_write"])
        + blocks[1] * 300 * energy["ram_read"]))
    assert power.static_nj == pytest.approx(table_of("ecp5").static("LFE5U-25F") * 90 / 45)
    assert power.watts == pytest.approx(power.total_nj / (90 / 45) / 1000)
    assert power.as_dict()["kind"] == "modelled"
    assert "measured" in power.as_dict()["toggles_kind"]


def test_a_measured_power_is_met_and_kept(design, activity, tmp_path):
    path = tmp_path / "mine.toml"
    power = calibrated(model_power(design, activity), 0.5, path)
    assert power.watts == pytest.approx(0.5)
    assert "0.5 W measured on ulx3s-25f at 120 MHz" in power.table.calibration
    assert power.measured_watts == 0.5
    path.write_text(power.table.text())
    again = model_power(design, activity, table=load_table(path))
    assert again.watts == pytest.approx(0.5)
    assert again.table.calibration == power.table.calibration
    assert again.measured_watts is None
    assert again.table.placeholders("LFE5U-25F") == ["static power of LFE5U-25F"]
    assert set(EVENTS) < set(table_of("ecp5").placeholders("LFE5U-25F"))


def test_less_than_static_power_cannot_be_met(design, activity):
    with pytest.raises(ValueError, match=r"The measured power 0.01 W is not above 0.085 W, the "):
        calibrated(model_power(design, activity), 0.01, Path("mine.toml"))


def test_a_single_image_has_no_rate(design, activity):
    with pytest.raises(ValueError, match="simulate at least two"):
        model_power(design, replace(activity, cycles_per_image=None))


def test_tables_of_other_families(design, activity):
    with pytest.raises(ValueError, match=r"ice40.toml is of the family 'ice40', and ulx3s-25f is"):
        model_power(design, activity, table=table_of("ice40"))
    with pytest.raises(ValueError, match="no energy table of the family 'artix7'; there are ecp5,"):
        table_of("artix7")
    assert get_target("ulx3s-25f").device.name == "LFE5U-25F"


@pytest.mark.parametrize("path", sorted(HOME.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_tables_price_every_device_and_name_their_sources(path):
    table = load_table(path)
    assert set(table.static_mw) == {device.name for device in DEVICES.values()
                                    if device.family is Family(table.family)}
    for number in (*table.energy_pj.values(), *table.static_mw.values()):
        assert number.source and number.value > 0


@pytest.mark.parametrize("change, message", [
    (("[energy_pj.ff_clock]", "[energy_pj.clock]"), "energy_pj lacks ff_clock"),
    (('family = "ecp5"', ""), "lacks family"),
    (("value = 0.12", 'value = "much"'), "energy_pj.ff_clock value must be a number, not 'much'"),
    (("value = 0.12", "value = -1"), "energy_pj.ff_clock must not be negative, not -1"),
    (("value = 0.12", "worth = 1"), "unexpected keyword argument 'worth'"),
    (("value = 0.12", "value ="), "cannot be read"),
])
def test_damaged_tables(tmp_path, change, message):
    path = tmp_path / "table.toml"
    path.write_text((HOME / "ecp5.toml").read_text().replace(*change))
    with pytest.raises(ValueError, match=f"energy table {path} .*{message}"):
        load_table(path)


def test_breakdown_has_every_layer_and_its_sums(design, activity):
    energy = count_energy(design.graph, IMAGES)
    power = model_power(design, activity)
    found = breakdown(energy, power)
    names = [layer["name"] for layer in found["layers"]]
    assert set(names) == {node.name for node in design.graph.nodes} | {FRONT_NAME}
    assert found["totals"]["acs"] == pytest.approx(energy.acs)
    assert found["totals"]["fpga_nj"] == pytest.approx(power.dynamic_nj)
    assert found["totals"]["memory_nj"] == pytest.approx(
        sum(memory.bits for memory in energy.memories) * 10 / 64 / 1000)
    alone = breakdown(energy)
    assert alone["activity"] is None
    assert alone["totals"]["static_nj"] is alone["totals"]["fpga_nj"] is None
