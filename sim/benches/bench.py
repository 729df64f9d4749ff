"""A circuit under cocotb: clock, reset, and a bus model at each of its ports."""

import random
from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from sim.benches.vectors import Vectors

__all__ = ["Bench", "Register"]

PERIOD_NS = 10
ANSWER_US = 100


class Register:
    """Addresses of the register file."""

    ID = 0x00
    VERSION = 0x04
    NETWORK = 0x08
    STATUS = 0x0C
    CONTROL = 0x10
    IMAGES_IN = 0x14
    IMAGES_OUT = 0x18
    CYCLES = 0x1C
    BUSY = 0x24
    SHORT_PACKETS = 0x2C
    LONG_PACKETS = 0x30
    PIXELS = 0x34
    CLASSES = 0x38


class Bench:
    """The circuit ``dut`` with its bus models, after a reset.

    ``idle`` and ``backpressure`` are the probabilities that the source pauses and that the sink
    refuses, in each cycle.
    """

    def __init__(self, dut, idle: float = 0.0, backpressure: float = 0.0):
        self.dut = dut
        self.vectors = Vectors.from_environment()
        cocotb.start_soon(Clock(dut.clk, PERIOD_NS, unit="ns").start())
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst,
                                  byte_size=32)
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
        if idle:
            self.source.set_pause_generator(_pauses(idle, seed=1))
        if backpressure:
            self.sink.set_pause_generator(_pauses(backpressure, seed=2))

    async def reset(self, cycles: int = 4) -> None:
        """Hold the reset for some cycles; what is left of a packet that is being sent is lost."""
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, cycles)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 2)

    async def cycles(self, count: int) -> None:
        await ClockCycles(self.dut.clk, count)

    async def send(self, words) -> None:
        """Queue a packet; it goes as soon as those before it have gone."""
        await self.source.send(AxiStreamFrame(np.asarray(words, "<u4").tobytes()))

    async def expect(self, logits, *, malformed: bool = False) -> None:
        """Take a packet, which must hold these logits, with TUSER as it should be."""
        frame = await with_timeout(self.sink.recv(compact=False),
                                   self.vectors.deadline * PERIOD_NS, "ns")
        got = [word - (word >> 31 << 32) for word in frame.tdata]
        wanted = [int(value) for value in logits]
        assert got == wanted, f"logits are {got} and should be {wanted}"
        marks = list(frame.tuser)
        assert marks == [int(malformed)] * len(wanted), f"TUSER is {marks}"

    async def read(self, address: int, words: int = 1) -> int:
        """A register, or several of growing addresses as one number."""
        answer: Any = await with_timeout(self.registers.read(address, 4 * words), ANSWER_US, "us")
        assert answer.resp == 0, f"register {address:#x} answers {answer.resp!r}"
        return int.from_bytes(answer.data, "little")

    async def write(self, address: int, value: int) -> None:
        await with_timeout(self.registers.write(address, value.to_bytes(4, "little")),
                           ANSWER_US, "us")

    async def expect_registers(self, **values: int) -> None:
        """Check registers by name, as in ``IMAGES_IN=3``."""
        for name, wanted in values.items():
            got = await self.read(getattr(Register, name))
            assert got == wanted, f"register {name} reads {got} and should read {wanted}"

    async def expect_quiet(self, cycles: int = 500) -> None:
        """Nothing more may come out."""
        await self.cycles(cycles)
        assert self.sink.empty() and self.sink.idle(), "a beat came out that nothing asked for"


def _pauses(probability: float, seed: int) -> Iterator[bool]:
    generator = random.Random(seed)
    while True:
        yield generator.random() < probability
