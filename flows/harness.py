"""What surrounds a circuit that has more ports than an FPGA has pins."""

from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import Cat, ClockDomain, ClockSignal, Elaboratable, Instance, Module, Signal

from flows.circuit import Circuit

__all__ = ["HARNESS", "INSTANCE", "Harness", "harness"]

HARNESS = "spikeloom_harness"
"""Name of the harness' module."""

INSTANCE = "accelerator"
"""Name of the circuit's instance in it."""


class Harness(Elaboratable):
    """A circuit between shift registers, so that a handful of pins reach all of its ports.

    A bit enters a shift register each cycle, and every input of the circuit is one of its bits.
    Every output is registered, and a second row of registers adds them up modulo 2 into one bit,
    each output one cycle after the one before it. So all of the circuit is observable and
    controllable and nothing of it can be optimised away, while each path of the harness is from
    one register through at most one LUT to the next: the slowest path is the circuit's own, with
    a register on the far side of each port as its user would have.

    It costs a flip-flop for each input bit, two and a LUT for each output bit, and two for the
    reset. What a circuit's figures include of it is counted by the flow and reported.

    Parameters
    ----------
    circuit : :class:`flows.circuit.Circuit`
    reset_low : bool
        Whether the board's reset is active low.

    Members
    -------
    clk : Signal, in
    reset : Signal, in
        Resets the circuit by way of two registers. May bounce.
    serial_in : Signal, in
        Next bit of the inputs.
    serial_out : Signal, out
        Sum modulo 2 of one bit of each output.
    """

    def __init__(self, circuit: Circuit, *, reset_low: bool = False):
        self.circuit = circuit
        self.reset_low = reset_low
        self.clk = Signal()
        self.reset = Signal()
        self.serial_in = Signal()
        self.serial_out = Signal()

    def elaborate(self, platform):
        m = Module()
        m.domains.sync = ClockDomain(local=True, reset_less=True)
        m.d.comb += ClockSignal().eq(self.clk)

        reset = Signal(2)
        m.d.sync += reset.eq(Cat(~self.reset if self.reset_low else self.reset, reset[0]))

        free = [port for port in self.circuit.ports if port.name not in ("clk", "rst")]
        inputs = Signal(max(1, sum(port.width for port in free if port.is_input)))
        outputs = Signal(sum(port.width for port in free if not port.is_input))
        m.d.sync += inputs.eq(Cat(self.serial_in, inputs[:-1]))

        wires: dict[str, Any] = {"i_clk": ClockSignal()}
        if any(port.name == "rst" for port in self.circuit.ports):
            wires["i_rst"] = reset[1]
        used = {True: 0, False: 0}
        for port in free:
            start = used[port.is_input]
            used[port.is_input] = end = start + port.width
            if port.is_input:
                wires[f"i_{port.name}"] = inputs[start:end]
            else:
                wires[f"o_{port.name}"] = outputs[start:end]
        m.submodules[INSTANCE] = Instance(self.circuit.top, **wires)

        captured = Signal(len(outputs))
        folded = Signal(len(outputs))
        m.d.sync += [captured.eq(outputs), folded.eq(captured ^ Cat(0, folded[:-1]))]
        m.d.comb += self.serial_out.eq(folded[-1])
        return m


def harness(circuit: Circuit, *, reset_low: bool = False) -> bytes:
    """The harness of ``circuit`` as RTLIL, which Yosys reads beside the circuit's Verilog."""
    it = Harness(circuit, reset_low=reset_low)
    ports = [it.clk, it.reset, it.serial_in, it.serial_out]
    return rtlil.convert(it, name=HARNESS, ports=ports, emit_src=False).encode()
