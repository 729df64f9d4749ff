"""The one memory of every circuit: a read port, and a write port where it is not a ROM."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from amaranth import *
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from hdl.weights import Weights

__all__ = ["LoadPort", "Memory", "MemoryFiles", "late"]

BLOCK_BITS, BLOCK_DEPTH = 2048, 129
"""Of so many bits in all, or so many words, a memory that is written becomes block RAM on ECP5."""


def late(width: int, depth: int) -> bool:
    """Whether words of such a memory that is written come late in their cycle, as a block RAM's.

    What reads it then goes through a register first, which becomes the block RAM's own.
    """
    return width * depth >= BLOCK_BITS or depth >= BLOCK_DEPTH


STYLES = {Weights.CONSTANT: "auto", Weights.LOGIC: "distributed", Weights.LOADED: "ultra"}
"""What the Verilog is told, by where contents lie."""


class LoadPort(wiring.Signature):
    """How a memory's contents come: 32 bits at a time, the low ones of a word first.

    Parameters
    ----------
    depth : int
        Words of the memory.

    Members
    -------
    shift, data
        The next bits of a word.
    write, address
        Write the word, in a cycle after its last bits.
    """

    def __init__(self, depth: int):
        super().__init__({"shift": Out(1), "data": Out(32), "write": Out(1),
                          "address": Out(range(max(depth, 2)))})


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
    store : Weights
        What becomes of contents. Those that are loaded come after reset through ``load``, so that
        the memory may be one that a bitstream cannot initialise; in simulation they are there from
        the beginning as well.

    Members
    -------
    read_en, read_addr, read_data
        The read port.
    write_en, write_addr, write_data
        The write port.
    load
        See :class:`LoadPort`; only where contents are loaded.
    """

    def __init__(self, *, width: int, depth: int, name: str = "",
                 contents: Sequence[int] | None = None,
                 store: Weights = Weights.CONSTANT):
        if contents is None and store is not Weights.CONSTANT:
            raise ValueError(f"Memory {name!r} has no contents to be {store}")
        if contents is not None and len(contents) != depth:
            raise ValueError(f"Memory {name!r} of {depth} words got {len(contents)} as contents")
        self.width, self.depth, self.name, self.contents = width, depth, name, contents
        self.store, self.loaded = store, store is Weights.LOADED
        address = range(max(depth, 2))
        super().__init__({
            "read_en": In(1, init=1), "read_addr": In(address), "read_data": Out(width),
            "write_en": In(1), "write_addr": In(address), "write_data": In(width),
            **({"load": In(LoadPort(depth))} if self.loaded else {}),
        })

    @staticmethod
    def parts(width: int) -> int:
        """In how many pieces a word of a loaded memory comes."""
        return -(-width // 32)

    def elaborate(self, platform):
        m = Module()
        write_en, write_addr, write_data = self.write_en, self.write_addr, self.write_data
        if self.loaded:
            word = Signal(32 * self.parts(self.width), reset_less=True)
            with m.If(self.load.shift):
                m.d.sync += word.eq(Cat(word, self.load.data)[32:])
            write_en, write_addr = self.load.write, self.load.address
            write_data = word[:self.width]
        if isinstance(platform, MemoryFiles):
            path = ""
            if self.contents is not None:
                path = platform.memory_file(self.name, self.width, self.contents)
            m.submodules.leaf = Instance(
                "spikeloom_memory",
                p_WIDTH=self.width, p_DEPTH=max(self.depth, 2), p_ADDR=len(self.read_addr),
                p_WRITABLE=int(self.loaded or self.contents is None), p_INIT=path,
                p_STYLE=STYLES[self.store],
                i_clk=ClockSignal(), i_read_en=self.read_en, i_read_addr=self.read_addr,
                o_read_data=self.read_data, i_write_en=write_en,
                i_write_addr=write_addr, i_write_data=write_data)
        else:
            m.submodules.leaf = leaf = memory.Memory(
                shape=self.width, depth=max(self.depth, 2), init=self.contents or [])
            read = leaf.read_port()
            m.d.comb += [read.en.eq(self.read_en), read.addr.eq(self.read_addr),
                         self.read_data.eq(read.data)]
            if self.loaded or self.contents is None:
                write = leaf.write_port()
                m.d.comb += [write.en.eq(write_en), write.addr.eq(write_addr),
                             write.data.eq(write_data)]
        return m
