"""Boards whose pins are known from amaranth-boards."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from amaranth.build import Platform
from amaranth_boards.arty_a7 import ArtyA7_100Platform
from amaranth_boards.ice40_hx8k_b_evn import ICE40HX8KBEVNPlatform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from flows.constraints import write_lpf, write_pcf, write_xdc
from flows.pins import Pin, board_pins

__all__ = ["BOARDS", "Board", "pins_for"]


@dataclass(frozen=True)
class Board:
    """A board that amaranth-boards knows.

    Parameters
    ----------
    platform : type
        Its Amaranth platform; of variants with the same pins, any.
    suffix : str
        Of its constraint file.
    write : callable
        Writes that file from pins.
    harness : mapping of str to str
        Port of :class:`flows.harness.Harness` to the board's port that it is wired to.
    """

    platform: type[Platform]
    suffix: str
    write: Callable[[Iterable[Pin]], str]
    harness: Mapping[str, str]

    def pins(self) -> tuple[Pin, ...]:
        # What the class states; an instance turns it into tables of what can be requested.
        stated: dict[str, Any] = {name: getattr(self.platform, name)
                                  for name in ("resources", "connectors")}
        return tuple(board_pins(**stated))


BOARDS: dict[str, Board] = {
    "ulx3s": Board(ULX3S_85F_Platform, ".lpf", write_lpf,
                   {"clk": "clk25", "reset": "button[0]", "serial_in": "switch[0]",
                    "serial_out": "led[0]"}),
    "icebreaker": Board(ICEBreakerPlatform, ".pcf", write_pcf,
                        {"clk": "clk12", "reset": "button", "serial_in": "uart_rx",
                         "serial_out": "led[0]"}),
    "ice40-hx8k-evn": Board(ICE40HX8KBEVNPlatform, ".pcf", write_pcf,
                            {"clk": "clk12", "reset": "uart_rts", "serial_in": "uart_rx",
                             "serial_out": "led[0]"}),
    "arty-a7": Board(ArtyA7_100Platform, ".xdc", write_xdc,
                     {"clk": "clk100", "reset": "rst", "serial_in": "switch[0]",
                      "serial_out": "led[0]"}),
}
"""Boards whose pins are known, by name."""


def pins_for(board: str | None) -> tuple[Pin, ...]:
    """The harness' pins on a board, under the harness' port names; none when board is None.

    They carry no clock frequency: the accelerator's is constrained by the build itself.
    """
    if board is None:
        return ()
    known = BOARDS[board]
    pins = {pin.port: pin for pin in known.pins()}
    return tuple(replace(pins[theirs], port=ours, clock_mhz=None)
                 for ours, theirs in known.harness.items())
