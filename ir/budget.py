"""Amounts of FPGA resources, shared by whoever offers them and whoever needs them."""

from dataclasses import dataclass, fields

__all__ = ["Budget"]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Counts of look-up tables, flip-flops, block RAMs, multipliers and UltraRAMs.

    A LUT is what the target's packer counts (TRELLIS_COMB on ECP5, ICESTORM_LC on iCE40); a block
    RAM is the target's own kind (DP16KD: 18 kbit, SB_RAM40_4K: 4 kbit).
    """

    luts: int = 0
    ffs: int = 0
    brams: int = 0
    dsps: int = 0
    urams: int = 0

    def __add__(self, other: "Budget") -> "Budget":
        return Budget(**{f.name: getattr(self, f.name) + getattr(other, f.name)
                         for f in fields(Budget)})

    def scaled(self, fraction: float) -> "Budget":
        """This budget times a fraction, rounded down."""
        return Budget(**{f.name: int(getattr(self, f.name) * fraction) for f in fields(Budget)})

    def excess(self, limit: "Budget") -> dict[str, int]:
        """By how much this need is above ``limit``: resource name to amount; empty if it fits."""
        over = {f.name: getattr(self, f.name) - getattr(limit, f.name) for f in fields(Budget)}
        return {name: amount for name, amount in over.items() if amount > 0}
