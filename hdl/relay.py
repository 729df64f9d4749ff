"""A short buffer that ends long paths."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hdl.area import Area, logic

__all__ = ["Relay"]


class Relay(wiring.Component):
    """Passes a stream on through registers, ``ready`` as well as ``valid`` and payload.

    Timing
    ------
    Latency :attr:`LATENCY` cycle, one beat per cycle; :attr:`DEPTH` beats fit.

    Parameters
    ----------
    shape : ShapeLike
        Payload of the stream.

    Members
    -------
    i, o
        The stream before and behind.
    """

    LATENCY = 1
    DEPTH = 2

    def __init__(self, shape):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    @property
    def ready_next(self) -> Value:
        """Whether the input is ready in the next cycle: for who must know it from a register."""
        return ~(self.o.valid & ~self.o.ready & (self.i.valid | ~self.i.ready))

    @staticmethod
    def area(bits: int) -> Area:
        """Estimated resources, for a payload of so many bits."""
        return logic(6 + bits, 2 + 2 * bits)

    def elaborate(self, platform):
        m = Module()
        spare, waiting = Signal.like(self.i.payload), Signal()
        m.d.comb += self.i.ready.eq(~waiting)
        with m.If(~self.o.valid | self.o.ready):
            m.d.sync += [
                self.o.valid.eq(self.i.valid | waiting),
                self.o.payload.eq(Mux(waiting, spare, self.i.payload)),
                waiting.eq(0),
            ]
        with m.Elif(self.i.valid & ~waiting):
            m.d.sync += waiting.eq(1)
        with m.If(~waiting):
            m.d.sync += spare.eq(self.i.payload)
        return m
