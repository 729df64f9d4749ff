"""Parsing what nextpnr 0.11.1 wrote, recorded from real runs."""

from pathlib import Path

import pytest

from flows import FLOWS, Family, Kind, Usage
from flows.reports import parse_placement, utilisation

DATA = Path(__file__).parent / "data"

LOG = """\
Info: Device utilisation:
Info: \t         ICESTORM_LC:    6132/   5280   116%
Info: \t        ICESTORM_RAM:      31/     30   103%
Info: \t        ICESTORM_DSP:       0/      8     0%

Info: Placed 4 cells based on constraints.
Info:     at iteration #1, type ICESTORM_RAM: wirelen solved = 55, spread = 635; time = 0.00s
ERROR: Unable to place cell, no BELs remaining
"""


def test_ecp5_report():
    report = parse_placement((DATA / "ecp5_placed.json").read_text())
    assert report.used == {"DP16KD": 1, "MULT18X18D": 0, "TRELLIS_COMB": 37, "TRELLIS_FF": 130}
    assert report.available["TRELLIS_COMB"] == 83640
    assert report.fmax_mhz == pytest.approx(143.66, abs=0.01)
    summary, *hops = report.critical_path.splitlines()
    assert summary == ("6.96 ns (5.83 logic, 1.13 routing) from accelerator.mem.mem.0.0 DOB12 to "
                       "accelerator.q M")
    assert hops == [
        "    5.83 ns  clk-to-q accelerator.mem.mem.0.0 DOB12",
        "    1.13 ns  routing  net accelerator.r[30]",
    ]


def test_ice40_report():
    report = parse_placement((DATA / "ice40_placed.json").read_text())
    assert report.used == {"ICESTORM_DSP": 0, "ICESTORM_LC": 132, "ICESTORM_RAM": 5}
    assert report.fmax_mhz == pytest.approx(182.85, abs=0.01)


def test_the_slowest_clock_counts():
    report = parse_placement('{"utilization": {}, "critical_paths": [], "fmax": {"a": '
                             '{"achieved": 90.5, "constraint": 80}, "b": {"achieved": 120, '
                             '"constraint": 80}}}')
    assert report.fmax_mhz == 90.5


def test_what_is_not_said_is_none():
    report = parse_placement('{"utilization": {}, "fmax": {}}')
    assert report.fmax_mhz is None and report.critical_path == ""


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fmax": {}}',
                                  '{"utilization": {"A": {"used": 1}}, "fmax": {}}'])
def test_no_report(text):
    with pytest.raises(ValueError, match="This is no report of nextpnr"):
        parse_placement(text)


def test_utilisation_from_a_log():
    assert utilisation(LOG) == {"ICESTORM_LC": (6132, 5280), "ICESTORM_RAM": (31, 30),
                                "ICESTORM_DSP": (0, 8)}


def test_shortage_only_where_room_is_short():
    flow = FLOWS[Family.ICE40]
    assert flow.shortage(LOG) == {"luts": 6132, "brams": 31, "dsps": 0}
    assert flow.shortage(LOG.replace("6132", "5280").replace(" 31/", " 30/")) == {}


def cells(**counts):
    """That many unconnected cells of each type."""
    return [{"type": name, "connections": {}} for name, count in counts.items()
            for _ in range(count)]


def carry(cin, cout):
    return {"type": "CCU2C", "connections": {"CIN": [cin], "COUT": [cout]}}


def test_ecp5_cells_are_counted_as_they_pack():
    netlist = cells(LUT4=10, TRELLIS_DPR16X4=2, TRELLIS_FF=7, DP16KD=1, PFUMX=4)
    # Two chains: one of two cells, and one of one whose carry came from elsewhere.
    netlist += [carry("0", 5), carry(5, 6), carry(7, 8)]
    assert FLOWS[Family.ECP5].count(netlist) == Usage(
        luts=10 + 2 * 6 + 3 * 2 + 2 * 4, ffs=7, brams=1, dsps=0, kind=Kind.ESTIMATED)


def test_ice40_cells_are_counted_as_they_pack():
    flow = FLOWS[Family.ICE40]
    few = cells(SB_LUT4=10, SB_DFF=3, SB_DFFESR=4, SB_RAM40_4K=2, SB_MAC16=1)
    assert flow.count(few) == Usage(luts=10, ffs=7, brams=2, dsps=1, kind=Kind.ESTIMATED)
    assert flow.count(cells(SB_LUT4=1, SB_DFFE=9)).luts == 9


def test_usage_without_a_part():
    whole = Usage(luts=100, ffs=None, brams=3, dsps=0, fmax_mhz=120.0)
    assert whole.without(Usage(luts=30, ffs=5, brams=0)) == Usage(luts=70, brams=3, fmax_mhz=120.0)


def test_excess_knows_only_what_was_said():
    available = {"luts": 100, "ffs": 100, "brams": 2, "dsps": 0}
    assert Usage(luts=101, ffs=None, brams=2, dsps=5).excess(available) == {"luts": 1, "dsps": 5}
