"""Pins and constraint files; the files in the project are those that the boards give."""

from pathlib import Path

import pytest

from flows import TARGETS
from flows.boards import BOARDS, pins_for
from flows.constraints import write_lpf, write_pcf, write_xdc
from flows.pins import Pin
from flows.write_constraints import constraint_files

CONSTRAINTS = Path(__file__).parents[2] / "constraints"


def test_files_are_those_that_the_boards_give():
    on_disk = {str(path.relative_to(CONSTRAINTS)): path.read_text()
               for path in CONSTRAINTS.rglob("*") if path.is_file()}
    assert on_disk == constraint_files(), "run `python -m flows.write_constraints`"


@pytest.mark.parametrize("board", BOARDS)
def test_names_and_sites_are_used_once(board):
    pins = BOARDS[board].pins()
    assert len({pin.site for pin in pins}) == len({pin.port for pin in pins}) == len(pins)


@pytest.mark.parametrize("board, port, site", [  # from the boards' own schematics
    ("ulx3s", "clk25", "G2"), ("ulx3s", "led[7]", "H3"), ("ulx3s", "button[0]", "R1"),
    ("icebreaker", "clk12", "35"), ("icebreaker", "uart_tx", "9"), ("icebreaker", "button", "10"),
    ("ice40-hx8k-evn", "clk12", "J3"), ("arty-a7", "clk100", "E3"),
])
def test_known_pins(board, port, site):
    assert {pin.port: pin.site for pin in BOARDS[board].pins()}[port] == site


def test_the_harness_gets_pins_of_the_board():
    pins = {pin.port: pin for pin in pins_for("icebreaker")}
    assert {port: pin.site for port, pin in pins.items()} == {
        "clk": "35", "reset": "10", "serial_in": "6", "serial_out": "11"}
    assert pins["reset"].inverted and pins["clk"].clock_mhz is None
    assert pins_for(None) == ()


def test_boards_of_open_targets_are_known():
    assert {target.board for name, target in TARGETS.items()
            if target.family in ("ecp5", "ice40")} - {None} <= set(BOARDS)


PINS = (Pin("clk", "A1", {"IOSTANDARD": "LVCMOS33"}, clock_mhz=25.0),
        Pin("key", "B2", {"PULLUP": 1}, inverted=True))


LPF = """\
BLOCK ASYNCPATHS;
BLOCK RESETPATHS;
LOCATE COMP "clk" SITE "A1";
IOBUF PORT "clk" IOSTANDARD=LVCMOS33;
FREQUENCY PORT "clk" 25 MHZ;
LOCATE COMP "key" SITE "B2";  # active low
IOBUF PORT "key" PULLUP=1;
"""

PCF = """\
set_io -nowarn clk A1
set_frequency clk 25
set_io -nowarn -pullup yes key B2  # active low
"""

XDC = """\
set_property -dict {PACKAGE_PIN A1 IOSTANDARD LVCMOS33} [get_ports {clk}]
create_clock -name clk -period 40.000 [get_ports {clk}]
set_property -dict {PACKAGE_PIN B2 PULLUP 1} [get_ports {key}]  ;# active low
"""


@pytest.mark.parametrize("write, text", [(write_lpf, LPF), (write_pcf, PCF), (write_xdc, XDC)])
def test_formats(write, text):
    assert write(PINS) == text
