"""The cost model of area: what memories and lanes take on an ECP5, calibrated on placed designs."""

from dataclasses import dataclass

from hdl.memory import late
from ir import Budget
from ir.block_ram import DP16KD, BlockRam

__all__ = ["Area", "logic", "ram", "rom"]

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
    """

    memories: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: Budget) -> "Area":
        total = super().__add__(other)
        memories = other.memories if isinstance(other, Area) else ()
        return Area(**vars(total), memories=self.memories + memories)

    __radd__ = __add__

    def on(self, kind: BlockRam) -> Budget:
        """This need on a device with block RAM of a kind; logic is estimated as on an ECP5."""
        return Budget(luts=self.luts + round(kind.lone_ffs * self.ffs), ffs=self.ffs,
                      dsps=self.dsps,
                      brams=sum(kind.blocks(*memory) for memory in self.memories))


def logic(luts: float, ffs: float = 0.0) -> Area:
    """So much logic, rounded."""
    return Area(luts=round(luts), ffs=round(ffs))


def ram(width: int, depth: int) -> Area:
    """A memory that is written: LUT RAM in pieces of 16 words x 4 bits, or block RAM."""
    if late(width, depth):
        return _blocks(width, depth)
    pieces = -(-width // 4) * -(-depth // 16)
    select = width * (-(-depth // 16) - 1)
    return logic(4 * pieces + 0.7 * select, width)


def rom(width: int, depth: int) -> Area:
    """A memory of constants: logic, or block RAM."""
    if depth > ROM_DEPTH:
        return _blocks(width, depth)
    return logic(0.09 * width * depth, width)


def _blocks(width: int, depth: int) -> Area:
    return Area(brams=DP16KD.blocks(width, depth), memories=((width, depth),))
