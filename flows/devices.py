"""What FPGAs hold: the budget of every device that a circuit can be planned for."""

from dataclasses import dataclass
from enum import StrEnum

from ir import Budget
from ir.block_ram import DP16KD, M10K, RAMB18, RAMB18_URAM288, SB_RAM40_4K, BlockRam

__all__ = ["DEVICES", "Device", "Family", "get_device"]


class Family(StrEnum):
    """Devices that share cells, and with them a flow and a cost model."""

    ECP5 = "ecp5"
    ICE40 = "ice40"
    ARTIX7 = "artix7"
    ZYNQ7 = "zynq7"
    ULTRASCALE_PLUS = "ultrascale+"
    CYCLONE5 = "cyclone5"


_RAMS = {Family.ECP5: DP16KD, Family.ICE40: SB_RAM40_4K, Family.ARTIX7: RAMB18,
         Family.ZYNQ7: RAMB18, Family.ULTRASCALE_PLUS: RAMB18, Family.CYCLONE5: M10K}

_VENDOR_TOOLS = {Family.ECP5: "Lattice Diamond", Family.ICE40: "Lattice iCEcube2",
                 Family.ARTIX7: "AMD Vivado", Family.ZYNQ7: "AMD Vivado",
                 Family.ULTRASCALE_PLUS: "AMD Vivado", Family.CYCLONE5: "Intel Quartus Prime"}


@dataclass(frozen=True, kw_only=True)
class Device:
    """One FPGA.

    Parameters
    ----------
    name : str
    family : Family
    budget : Budget
        Counts in the units of the family's own tools: a LUT of ECP5 and iCE40 has four inputs,
        one of AMD's six, and an adaptive logic module of Cyclone V counts as two. The cost model
        counts LUTs and flip-flops as on an ECP5 everywhere: on the others an estimate from above.
        Block RAM is in blocks of :attr:`block_ram`, and estimated in the same blocks.
    large_rams : int
        Memories beside the block RAMs that a bitstream cannot initialise: SPRAM of an UP5K
        (256 kbit each), into which nothing is planned, and UltraRAM (288 kbit each), which the
        budget counts.
    source : str
        Where the counts are from.
    """

    name: str
    family: Family
    budget: Budget
    source: str
    large_rams: int = 0

    @property
    def block_ram(self) -> BlockRam:
        return RAMB18_URAM288 if self.budget.urams else _RAMS[self.family]

    @property
    def vendor_tool(self) -> str:
        """The vendor's own toolchain for the device."""
        return _VENDOR_TOOLS[self.family]


def _ecp5(name: str, luts: int, brams: int, dsps: int) -> Device:
    """One flip-flop beside every LUT; multipliers are MULT18X18D."""
    return Device(name=name, family=Family.ECP5,
                  source="nextpnr-ecp5 0.11.1; Lattice FPGA-DS-02012, ECP5 Family Data Sheet",
                  budget=Budget(luts=luts, ffs=luts, brams=brams, dsps=dsps))


def _ice40(name: str, cells: int, brams: int, dsps: int, source: str,
           large_rams: int = 0) -> Device:
    """A logic cell is a LUT and a flip-flop; multipliers are SB_MAC16."""
    return Device(name=name, family=Family.ICE40, large_rams=large_rams,
                  source=f"nextpnr-ice40 0.11.1; Lattice {source}",
                  budget=Budget(luts=cells, ffs=cells, brams=brams, dsps=dsps))


def _amd(name: str, family: Family, luts: int, brams: int, dsps: int, source: str,
         large_rams: int = 0) -> Device:
    """Two flip-flops beside every LUT; ``brams`` are of 36 kbit, two RAMB18 each."""
    return Device(name=name, family=family, large_rams=large_rams, source=f"AMD {source}",
                  budget=Budget(luts=luts, ffs=2 * luts, brams=2 * brams, dsps=dsps,
                                urams=large_rams))


def _cyclone5(name: str, modules: int, brams: int, dsps: int) -> Device:
    """An adaptive logic module is two LUTs and four flip-flops; a multiplier is a DSP block."""
    return Device(name=name, family=Family.CYCLONE5,
                  source="what Quartus Prime's fitter reports as available for the device; "
                         "Intel CV-51001, Cyclone V Device Overview",
                  budget=Budget(luts=2 * modules, ffs=4 * modules, brams=brams, dsps=dsps))


_DS180 = "DS180, 7 Series FPGAs Data Sheet: Overview"
_DS190 = "DS190, Zynq-7000 SoC Data Sheet: Overview"
_DS891 = "DS891, Zynq UltraScale+ MPSoC Data Sheet: Overview"

_LIST = (
    # The 12F is sold as half a 25F; it is the same die, and the open tools use all of it.
    _ecp5("LFE5U-12F", 24288, 56, 28),
    _ecp5("LFE5U-25F", 24288, 56, 28),
    _ecp5("LFE5U-45F", 43848, 108, 72),
    _ecp5("LFE5U-85F", 83640, 208, 156),
    _ice40("iCE40UP5K", 5280, 30, 8, "FPGA-DS-02008, iCE40 UltraPlus Family Data Sheet",
           large_rams=4),
    _ice40("iCE40HX8K", 7680, 32, 0, "FPGA-DS-02029, iCE40 LP/HX Family Data Sheet"),
    _amd("xc7a35t", Family.ARTIX7, 20800, 50, 90, _DS180),
    _amd("xc7a100t", Family.ARTIX7, 63400, 135, 240, _DS180),
    _amd("xc7z020", Family.ZYNQ7, 53200, 140, 220, _DS190),
    _amd("xczu7ev", Family.ULTRASCALE_PLUS, 230400, 312, 1728, _DS891, large_rams=96),
    _amd("xczu9eg", Family.ULTRASCALE_PLUS, 274080, 912, 2520, _DS891),
    _amd("xck26", Family.ULTRASCALE_PLUS, 117120, 144, 1248, "DS987, Kria K26 SOM Data Sheet",
         large_rams=64),
    _cyclone5("5CEBA4", 18480, 308, 66),
    _cyclone5("5CSEBA6", 41910, 553, 112),
)

DEVICES: dict[str, Device] = {device.name: device for device in _LIST}
"""Every known device by its name."""


def get_device(name: str) -> Device:
    """The device called ``name``. Raises ValueError, listing those known."""
    if name not in DEVICES:
        raise ValueError(f"No device is called {name!r}; there are {', '.join(sorted(DEVICES))}")
    return DEVICES[name]
