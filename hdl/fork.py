"""One stream to several readers."""

from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Fork"]


class Fork(wiring.Component):
    """Hands every beat to each of ``count`` readers, each at its own time.

    Timing
    ------
    No latency. A beat is taken when the last reader has taken it; the others see no ``valid``
    meanwhile.

    Parameters
    ----------
    shape : ShapeLike
        Payload of the stream.
    count : int
        Readers.

    Members
    -------
    i, o0, o1, ...
        The stream in, and once per reader.
    """

    def __init__(self, shape, count: int):
        self.count = count
        super().__init__({"i": In(stream.Signature(shape))} | {
            f"o{n}": Out(stream.Signature(shape)) for n in range(count)})

    def elaborate(self, platform):
        m = Module()
        outputs = [getattr(self, f"o{n}") for n in range(self.count)]
        served = Signal(self.count)
        # Without a look at ``valid``, which would only make the path longer.
        serves = Cat(output.ready for output in outputs)
        m.d.comb += self.i.ready.eq((served | serves).all())
        for n, output in enumerate(outputs):
            m.d.comb += [output.valid.eq(self.i.valid & ~served[n]),
                         output.payload.eq(self.i.payload)]
        with m.If(self.i.valid):
            m.d.sync += served.eq(Mux(self.i.ready, 0, served | serves))
        return m
