"""The register file: who the circuit is, what it has done, what went wrong."""

from dataclasses import dataclass

from amaranth import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["REGISTERS", "Register", "RegisterFile"]

IDENTITY = 0x53504C4D
VERSION = 0x0001_0001


@dataclass(frozen=True)
class Register:
    """One 32-bit register, for the circuit and for its document."""

    name: str
    address: int
    meaning: str


REGISTERS = tuple(Register(name, 4 * n, meaning) for n, (name, meaning) in enumerate((
    ("ID", f"{IDENTITY:#x}, the letters SPLM"),
    ("VERSION", "version of this register map: major in bits 31:16, minor below"),
    ("NETWORK", "first 32 bits of the SHA-256 digest of the integer network"),
    ("STATUS", "bit 0: an image is inside; bit 1: a malformed packet was counted"),
    ("CONTROL", "write 1 to bit 0: clear all counters; to bit 1: load from the first word"),
    ("IMAGES_IN", "packets taken whole, malformed ones included"),
    ("IMAGES_OUT", "packets of logits sent"),
    ("CYCLES_LO", "clock cycles since reset or clear, bits 31:0"),
    ("CYCLES_HI", "the same, bits 63:32; read HI, LO, HI again to be sure"),
    ("BUSY_LO", "cycles with an image inside, bits 31:0"),
    ("BUSY_HI", "the same, bits 63:32"),
    ("SHORT_PACKETS", "packets that ended early; they were filled up with zero pixels"),
    ("LONG_PACKETS", "packets that did not end in time; their surplus was dropped"),
    ("PIXELS", "bytes of an image"),
    ("CLASSES", "logits per image"),
    ("LOAD", "write: the next word of `weights.bin`, if there is one; reads: how many are missing"),
)))


class RegisterFile(wiring.Component):
    """AXI4-Lite registers; :data:`REGISTERS` is their map.

    Timing
    ------
    One access at a time; a read answers 3 cycles after its address, a write when both address and
    data are there. Unmapped addresses read 0 and take no write; both answer OKAY.

    Parameters
    ----------
    network : int
        First 32 bits of the graph's digest.
    pixels, classes : int

    Members
    -------
    aw*, w*, b*, ar*, r*
        AXI4-Lite.
    opens, enters, leaves, short, long
        Strobes: an image's first beat in, its last beat in, its last logit out, its errors.
    load, load_data, reload, missing
        To :class:`hdl.weight_loader.WeightLoader`, if there is one.
    """

    def __init__(self, *, network: int, pixels: int, classes: int):
        self.network, self.pixels, self.classes = network, pixels, classes
        super().__init__({
            "awaddr": In(8), "awvalid": In(1), "awready": Out(1),
            "wdata": In(32), "wstrb": In(4), "wvalid": In(1), "wready": Out(1),
            "bresp": Out(2), "bvalid": Out(1), "bready": In(1),
            "araddr": In(8), "arvalid": In(1), "arready": Out(1),
            "rdata": Out(32), "rresp": Out(2), "rvalid": Out(1), "rready": In(1),
            "opens": In(1), "enters": In(1), "leaves": In(1), "short": In(1), "long": In(1),
            "load": Out(1), "load_data": Out(32), "reload": Out(1), "missing": In(32),
        })

    def elaborate(self, platform):
        m = Module()
        clear = self._write(m)
        inside, busy, failed = Signal(16), Signal(), Signal()
        m.d.sync += [inside.eq(inside + self.opens - self.leaves), busy.eq(inside != 0)]
        counters = {"IMAGES_IN": self.enters, "IMAGES_OUT": self.leaves,
                    "SHORT_PACKETS": self.short, "LONG_PACKETS": self.long,
                    "CYCLES": C(1), "BUSY": busy}
        values = {"ID": C(IDENTITY, 32), "VERSION": C(VERSION, 32),
                  "NETWORK": C(self.network, 32), "CONTROL": C(0, 32),
                  "PIXELS": C(self.pixels, 32), "CLASSES": C(self.classes, 32),
                  "LOAD": self.missing}
        for name, strobe in counters.items():
            counter, carry = self._count(m, f"{name.lower()}_count", clear, strobe)
            if name in ("CYCLES", "BUSY"):
                # The high half follows a cycle later: a carry through 64 bits is a long path.
                high, _ = self._count(m, f"{name.lower()}_high", clear, carry)
                values |= {f"{name}_LO": counter, f"{name}_HI": high}
            else:
                values[name] = counter
        m.d.sync += failed.eq((values["SHORT_PACKETS"] | values["LONG_PACKETS"]).any())
        values["STATUS"] = Cat(busy, failed)
        self._read(m, values)
        return m

    def _read(self, m, values):
        """Choose a word in two cycles: of each eight one, and of those one."""
        address, asked, chosen = Signal(6), Signal(), Signal()
        words = [values[register.name] for register in REGISTERS]
        m.d.comb += self.arready.eq(~(asked | chosen | self.rvalid))
        m.d.sync += [asked.eq(self.arvalid & self.arready), chosen.eq(asked)]
        with m.If(self.arready):
            m.d.sync += address.eq(self.araddr[2:])
        with m.If(self.rvalid & self.rready):
            m.d.sync += self.rvalid.eq(0)
        with m.If(chosen):
            m.d.sync += [self.rvalid.eq(1), self.rdata.eq(0)]
        for n, first in enumerate(range(0, len(words), 8)):
            eight = Signal(32, name=f"eight_{n}")
            m.d.sync += eight.eq(Array(words[first:first + 8])[address[:3]])
            with m.If(chosen & (address[3:] == n)):
                m.d.sync += self.rdata.eq(eight)

    @staticmethod
    def _count(m, name, clear, strobe):
        """A counter of 32 bits, and whether it began again from 0 in the cycle before."""
        counter, carry = Signal(32, name=name), Signal(name=f"{name}_carry")
        m.d.sync += carry.eq(0)
        with m.If(clear):
            m.d.sync += counter.eq(0)
        with m.Elif(strobe):
            m.d.sync += Cat(counter, carry).eq(counter + 1)
        return counter, carry

    def _write(self, m):
        """Take address and data together; CONTROL and LOAD can be written.

        What it clears is cleared two cycles after: reading takes longer.
        """
        take, clear = Signal(), Signal()
        address = {register.name: register.address // 4 for register in REGISTERS}
        control = take & (self.awaddr[2:] == address["CONTROL"]) & self.wstrb[0]
        m.d.comb += [
            take.eq(self.awvalid & self.wvalid & ~self.bvalid),
            self.awready.eq(take),
            self.wready.eq(take),
        ]
        m.d.sync += [
            clear.eq(control & self.wdata[0]),
            self.reload.eq(control & self.wdata[1]),
            self.load.eq(take & (self.awaddr[2:] == address["LOAD"]) & self.wstrb.all()),
            self.load_data.eq(self.wdata),
        ]
        with m.If(self.bvalid & self.bready):
            m.d.sync += self.bvalid.eq(0)
        with m.If(take):
            m.d.sync += self.bvalid.eq(1)
        return clear
