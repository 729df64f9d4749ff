"""Devices and targets: what is known, and what an unknown name is told."""

import pytest

from flows import DEVICES, FLOWS, TARGETS, available, get_device, get_target


def test_unknown_target_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"No target is called 'ulx3s'; there are arty-a7-100, .*"
                                         r"icebreaker, .*ulx3s-85f"):
        get_target("ulx3s")


def test_unknown_device_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"No device is called 'LFE5U-65F'; there are .*LFE5U-85F"):
        get_device("LFE5U-65F")


@pytest.mark.parametrize("name, luts, brams, dsps", [
    ("ulx3s-25f", 24288, 56, 28),  # as nextpnr-ecp5 0.11.1 reports them for --25k
    ("ulx3s-45f", 43848, 108, 72),
    ("ulx3s-85f", 83640, 208, 156),
    ("icebreaker", 5280, 30, 8),
    ("ice40-hx8k-evn", 7680, 32, 0),
    ("arty-a7-35", 20800, 100, 90),
    ("arty-a7-100", 63400, 270, 240),
    ("pynq-z2", 53200, 280, 220),
    ("zcu104", 230400, 624, 1728),
    ("zcu102", 274080, 1824, 2520),
    ("kv260", 117120, 288, 1248),
    ("de0-cv", 36960, 308, 66),
    ("de10-nano", 83820, 553, 112),
])
def test_budgets(name, luts, brams, dsps):
    budget = get_target(name).budget
    assert (budget.luts, budget.brams, budget.dsps) == (luts, brams, dsps)
    assert budget.urams == {"zcu104": 96, "kv260": 64}.get(name, 0)


def test_every_count_has_a_source_and_every_block_ram_its_size():
    bits = {"ecp5": 18, "ice40": 4, "artix7": 18, "zynq7": 18, "ultrascale+": 18, "cyclone5": 10}
    assert DEVICES
    for device in DEVICES.values():
        assert device.block_ram.bits == bits[device.family] * 1024
        assert device.source and device.budget.ffs >= device.budget.luts > 0


def test_every_device_is_the_device_of_a_target():
    assert {target.device.name for target in TARGETS.values()} == set(DEVICES)


def test_available_targets_are_those_with_an_open_flow():
    assert set(available()) == {name for name, target in TARGETS.items()
                                if target.device.name.startswith(("LFE5U", "iCE40"))}
    assert available()["icebreaker"] == ["yosys", "nextpnr-ice40", "icepack"]
    assert {TARGETS[name].family for name in available()} == set(FLOWS)
