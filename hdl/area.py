"""The cost model of area: what memories and lanes take on an ECP5, calibrated on placed designs."""

from dataclasses import dataclass

from hdl.memory import late
from ir import Budget
from ir.block_ram import DP16KD, BlockRam

__all__ = ["ROM_DEPTH", "Area", "blocks", "loaded", "logic", "lookup", "ram", "rom"]

ROM_DEPTH = 64
"""Words up to which a memory of constants becomes logic."""


@dataclass(frozen=True, kw_only=True)
class Area(Budget):
    """A need that remembers its memories: how many block RAMs they are depends on the device.

    ``brams`` counts those of an ECP5.

    Parameters
    ----------
    memories : tuple of tuple of int
        Width and depth of every memory that becomes block RAM.
    large : tuple of tuple of int
        Likewise of those that are block RAM only where a device has nothing larger.
    lookups : tuple of tuple of int
        Likewise of those that are logic, and counted in ``luts`` as on an ECP5.
    """

    memories: tuple[tuple[int, int], ...] = ()
    large: tuple[tuple[int, int], ...] = ()
    lookups: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: Budget) -> "Area":
        total, more = super().__add__(other), other if isinstance(other, Area) else Area()
        return Area(**vars(total), memories=self.memories + more.memories,
                    large=self.large + more.large, lookups=self.lookups + more.lookups)

    __radd__ = __add__

    def on(self, kind: BlockRam) -> Budget:
        """This need on a device with block RAM of a kind; logic is estimated as on an ECP5."""
        small, urams = self.memories + self.large, 0
        if kind.large is not None:
            small, urams = self.memories, sum(kind.large.blocks(*each) for each in self.large)
        kept = sum(DP16KD.lookup(*each) - kind.lookup(*each) for each in self.lookups)
        return Budget(luts=self.luts + round(kind.lone_ffs * self.ffs) - kept, ffs=self.ffs,
                      dsps=self.dsps, brams=sum(kind.blocks(*each) for each in small),
                      urams=urams)


def logic(luts: float, ffs: float = 0.0) -> Area:
    """So much logic, rounded."""
    return Area(luts=round(luts), ffs=round(ffs))


def ram(width: int, depth: int) -> Area:
    """A memory that is written: LUT RAM in pieces of 16 words x 4 bits, or block RAM."""
    if late(width, depth):
        return blocks(width, depth)
    pieces = -(-width // 4) * -(-depth // 16)
    select = width * (-(-depth // 16) - 1)
    return logic(4 * pieces + 0.7 * select, width)


def rom(width: int, depth: int) -> Area:
    """A memory of constants: logic, or block RAM."""
    if depth > ROM_DEPTH:
        return blocks(width, depth)
    return logic(DP16KD.lookup(width, depth), width)


def lookup(width: int, depth: int) -> Area:
    """A memory of constants in look-up tables, however large."""
    if depth <= ROM_DEPTH:
        return rom(width, depth)
    return Area(luts=DP16KD.lookup(width, depth), ffs=width, lookups=((width, depth),))


def loaded(width: int, depth: int) -> Area:
    """A memory of constants that are written after reset, 32 bits at a time."""
    parts = -(-width // 32)
    return Area(luts=4, ffs=32 * parts + width, brams=DP16KD.blocks(width, depth),
                large=((width, depth),))


def blocks(width: int, depth: int) -> Area:
    """A memory that is block RAM."""
    return Area(brams=DP16KD.blocks(width, depth), memories=((width, depth),))
