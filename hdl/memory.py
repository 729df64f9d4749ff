"""The one memory of every circuit: a read port, and a write port where it is not a ROM."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from amaranth import *
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Memory", "MemoryFiles", "late"]

BLOCK_BITS, BLOCK_DEPTH = 2048, 129
"""Of so many bits in all, or so many words, a memory that is written becomes block RAM on ECP5."""


def late(width: int, depth: int) -> bool:
    """Whether words of such a memory that is written come late in their cycle, as a block RAM's.

    What reads it then goes through a register first, which becomes the block RAM's own.
    """
    return width * depth >= BLOCK_BITS or depth >= BLOCK_DEPTH


@runtime_checkable
class MemoryFiles(Protocol):
    """A platform that keeps memory contents as files beside the Verilog."""

    def memory_file(self, name: str, width: int, contents: Sequence[int]) -> str:
        """Keep ``contents`` and return the path that the Verilog is to read."""
        ...


class Memory(wiring.Component):
    """A memory with one registered read port and at most one write port.

    In Verilog it is the fixed module ``spikeloom_memory``, with contents read from a file
    (Amaranth would write them into the Verilog, too slow for megabytes); in Amaranth's own
    simulation it is :class:`amaranth.lib.memory.Memory`.

    Timing
    ------
    ``read_data`` follows ``read_addr`` by one cycle and holds while ``read_en`` is low. Reading
    an address in the cycle of its write gives an undefined value: users must keep the two apart.
    A register behind ``read_data`` that has no reset can become the block RAM's own.

    Parameters
    ----------
    width, depth : int
        Bits of a word, number of words.
    name : str
        Names the file of the contents; unique in a design. Needed for a ROM only.
    contents : sequence of int
        Unsigned words. With contents it is a ROM: the write port is ignored.

    Members
    -------
    read_en, read_addr, read_data
        The read port.
    write_en, write_addr, write_data
        The write port.
    """

    def __init__(self, *, width: int, depth: int, name: str = "",
                 contents: Sequence[int] | None = None):
        if contents is not None and len(contents) != depth:
            raise ValueError(f"Memory {name!r} of {depth} words got {len(contents)} as contents")
        self.width, self.depth, self.name, self.contents = width, depth, name, contents
        address = range(max(depth, 2))
        super().__init__({
            "read_en": In(1, init=1), "read_addr": In(address), "read_data": Out(width),
            "write_en": In(1), "write_addr": In(address), "write_data": In(width),
        })

    def elaborate(self, platform):
        m = Module()
        if isinstance(platform, MemoryFiles):
            path = ""
            if self.contents is not None:
                path = platform.memory_file(self.name, self.width, self.contents)
            m.submodules.leaf = Instance(
                "spikeloom_memory",
                p_WIDTH=self.width, p_DEPTH=max(self.depth, 2), p_ADDR=len(self.read_addr),
                p_WRITABLE=int(self.contents is None), p_INIT=path,
                i_clk=ClockSignal(), i_read_en=self.read_en, i_read_addr=self.read_addr,
                o_read_data=self.read_data, i_write_en=self.write_en,
                i_write_addr=self.write_addr, i_write_data=self.write_data)
        else:
            m.submodules.leaf = leaf = memory.Memory(
                shape=self.width, depth=max(self.depth, 2), init=self.contents or [])
            read = leaf.read_port()
            m.d.comb += [read.en.eq(self.read_en), read.addr.eq(self.read_addr),
                         self.read_data.eq(read.data)]
            if self.contents is None:
                write = leaf.write_port()
                m.d.comb += [write.en.eq(self.write_en), write.addr.eq(self.write_addr),
                             write.data.eq(self.write_data)]
        return m
