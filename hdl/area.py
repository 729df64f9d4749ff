"""The cost model of area: what memories and lanes take on an ECP5, calibrated on placed designs."""

from ir import Budget

__all__ = ["logic", "ram", "rom"]

BLOCK_BITS = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
"""Width and depth of the forms of one block RAM."""

RAM_DEPTH = 128
"""Words up to which a memory that is written becomes LUT RAM."""

ROM_DEPTH = 64
"""Words up to which a memory of constants becomes logic."""


def logic(luts: float, ffs: float = 0.0) -> Budget:
    """So much logic, rounded."""
    return Budget(luts=round(luts), ffs=round(ffs))


def ram(width: int, depth: int) -> Budget:
    """A memory that is written: LUT RAM in pieces of 16 words x 4 bits, or block RAM."""
    if depth > RAM_DEPTH:
        return _blocks(width, depth)
    pieces = -(-width // 4) * -(-depth // 16)
    select = width * (-(-depth // 16) - 1)
    return logic(4 * pieces + 0.7 * select, width)


def rom(width: int, depth: int) -> Budget:
    """A memory of constants: logic, or block RAM."""
    if depth > ROM_DEPTH:
        return _blocks(width, depth)
    return logic(0.09 * width * depth, width)


def _blocks(width: int, depth: int) -> Budget:
    return Budget(brams=min(-(-width // bits) * -(-depth // words) for bits, words in BLOCK_BITS))
