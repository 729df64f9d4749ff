"""What FPGAs hold: the budget of every device that a circuit can be planned for."""

from dataclasses import dataclass
from enum import StrEnum

from ir import Budget

__all__ = ["DEVICES", "Device", "Family", "get_device"]


class Family(StrEnum):
    """Devices that share cells, and with them a flow and a cost model."""

    ECP5 = "ecp5"
    ICE40 = "ice40"
    ARTIX7 = "artix7"
    ZYNQ7 = "zynq7"
    ULTRASCALE_PLUS = "ultrascale+"
    CYCLONE5 = "cyclone5"


@dataclass(frozen=True, kw_only=True)
class Device:
    """One FPGA.

    Parameters
    ----------
    name : str
    family : Family
    budget : Budget
        Counts in the units of the family's own tools. ECP5 and iCE40: what nextpnr reports as
        available. Others: the vendor's data sheet.
    bram_bits : int
        Bits of one block RAM of ``budget.brams``, parity bits included.
    large_rams : int
        Memories beside the block RAMs that a bitstream cannot initialise: SPRAM of an UP5K
        (256 kbit each), UltraRAM (288 kbit each).
    """

    name: str
    family: Family
    budget: Budget
    bram_bits: int
    large_rams: int = 0


def _ecp5(name: str, luts: int, brams: int, dsps: int) -> Device:
    """One flip-flop beside every LUT; block RAM is DP16KD, multipliers MULT18X18D."""
    return Device(name=name, family=Family.ECP5, bram_bits=18 * 1024,
                  budget=Budget(luts=luts, ffs=luts, brams=brams, dsps=dsps))


def _ice40(name: str, cells: int, brams: int, dsps: int, large_rams: int = 0) -> Device:
    """A logic cell is a LUT and a flip-flop; block RAM is SB_RAM40_4K, multipliers SB_MAC16."""
    return Device(name=name, family=Family.ICE40, bram_bits=4 * 1024, large_rams=large_rams,
                  budget=Budget(luts=cells, ffs=cells, brams=brams, dsps=dsps))


def _xilinx(name: str, family: Family, luts: int, brams: int, dsps: int,
            large_rams: int = 0) -> Device:
    """Two flip-flops beside every LUT; block RAM is counted in RAMB18."""
    return Device(name=name, family=family, bram_bits=18 * 1024, large_rams=large_rams,
                  budget=Budget(luts=luts, ffs=2 * luts, brams=brams, dsps=dsps))


_LIST = (
    # The 12F is sold as half a 25F; it is the same die, and the open tools use all of it.
    _ecp5("LFE5U-12F", 24288, 56, 28),
    _ecp5("LFE5U-25F", 24288, 56, 28),
    _ecp5("LFE5U-45F", 43848, 108, 72),
    _ecp5("LFE5U-85F", 83640, 208, 156),
    _ice40("iCE40UP5K", 5280, 30, 8, large_rams=4),
    _ice40("iCE40HX8K", 7680, 32, 0),
    _xilinx("xc7a35t", Family.ARTIX7, 20800, 100, 90),
    _xilinx("xc7a100t", Family.ARTIX7, 63400, 270, 240),
    _xilinx("xc7z020", Family.ZYNQ7, 53200, 280, 220),
    _xilinx("xczu7ev", Family.ULTRASCALE_PLUS, 230400, 624, 1728, large_rams=96),
    _xilinx("xczu9eg", Family.ULTRASCALE_PLUS, 274080, 1824, 2520),
    _xilinx("xck26", Family.ULTRASCALE_PLUS, 117120, 288, 1248, large_rams=64),
    # An adaptive logic module is two LUTs and four flip-flops; block RAM is M10K.
    Device(name="5CSEBA6", family=Family.CYCLONE5, bram_bits=10 * 1024,
           budget=Budget(luts=83820, ffs=167640, brams=553, dsps=112)),
)

DEVICES: dict[str, Device] = {device.name: device for device in _LIST}
"""Every known device by its name."""


def get_device(name: str) -> Device:
    """The device called ``name``. Raises ValueError, listing those known."""
    if name not in DEVICES:
        raise ValueError(f"No device is called {name!r}; there are {', '.join(sorted(DEVICES))}")
    return DEVICES[name]
