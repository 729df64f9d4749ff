"""Kinds of block RAM: how many of them a memory takes."""

from dataclasses import dataclass

__all__ = ["DP16KD", "M10K", "RAMB18", "RAMB18_URAM288", "SB_RAM40_4K", "URAM288", "BlockRam"]


@dataclass(frozen=True)
class BlockRam:
    """A family's block RAM, and what a flip-flop costs beside it.

    Parameters
    ----------
    name : str
        As the vendor calls it.
    forms : tuple of tuple of int
        Width and depth of each form that a block of one write and one read port can have.
    lone_ffs : float
        Share of the flip-flops that take a logic cell of their own, where LUTs are counted in
        cells of a LUT and a flip-flop.
    lut_bits : float
        Constants that a LUT holds: ROMs in logic, with what chooses between their LUTs.
    large : BlockRam or None
        Larger blocks beside these that a bitstream cannot initialise: for weights that are
        written after reset.
    """

    name: str
    forms: tuple[tuple[int, int], ...]
    lone_ffs: float = 0.0
    lut_bits: float = 11.1
    large: "BlockRam | None" = None

    @property
    def bits(self) -> int:
        """Bits of one block, parity bits included."""
        return max(width * depth for width, depth in self.forms)

    def blocks(self, width: int, depth: int) -> int:
        """The fewest blocks, all of one form, that hold ``depth`` words of ``width`` bits."""
        return min(-(-width // bits) * -(-depth // words) for bits, words in self.forms)

    def lookup(self, width: int, depth: int) -> int:
        """LUTs that hold so many constants."""
        return round(width * depth / self.lut_bits)


DP16KD = BlockRam("DP16KD", (
    (36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)))
"""Lattice ECP5 (FPGA-TN-02204, ECP5 and ECP5-5G Memory User Guide)."""

SB_RAM40_4K = BlockRam("SB_RAM40_4K", ((16, 256), (8, 512), (4, 1024), (2, 2048)), lone_ffs=0.25)
"""Lattice iCE40 (FPGA-TN-02002, Memory Usage Guide for iCE40 Devices). The flip-flops that share no
cell are 0.4 in placed circuits of preset digits-tiny; LUTs estimated as on an ECP5 are more than an
iCE40 takes, though, and with 0.25 both together come to 1.1 times what was placed."""

RAMB18 = BlockRam("RAMB18", DP16KD.forms, lut_bits=56.0)
"""Half a block of AMD's 7 series (UG473) and UltraScale+ (UG573). A LUT of theirs holds 64 bits
(UG474, UG574), and a slice chooses between its own; one in eight is left for the other choices."""

URAM288 = BlockRam("URAM288", ((72, 4096),))
"""UltraRAM of AMD's UltraScale+ (UG573, UltraScale Architecture Memory Resources)."""

RAMB18_URAM288 = BlockRam("RAMB18", RAMB18.forms, lut_bits=RAMB18.lut_bits, large=URAM288)
"""Of UltraScale+ devices that have UltraRAM beside their block RAM."""

M10K = BlockRam("M10K", (
    (40, 256), (20, 512), (10, 1024), (5, 2048), (2, 4096), (1, 8192)))
"""Intel Cyclone V (CV-5V2, Cyclone V Device Handbook, chapter 2)."""
