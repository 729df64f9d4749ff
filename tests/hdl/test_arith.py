"""Small pieces of logic: comparisons with numbers."""

import pytest
from amaranth import *
from amaranth.sim import Simulator

from hdl.arith import reaches


@pytest.mark.parametrize("shape", [unsigned(1), unsigned(4), signed(1), signed(4)])
def test_a_comparison_with_a_number_holds_for_every_value(shape):
    low = -1 << shape.width - 1 if shape.signed else 0
    values = range(low, low + (1 << shape.width))
    limits = range(values[0] - 2, values[-1] + 3)
    m, value = Module(), Signal(shape)
    found = {limit: Signal(name=f"at_least_{limit - low + 2}") for limit in limits}
    m.d.comb += [signal.eq(reaches(value, limit)) for limit, signal in found.items()]
    compared = 0

    async def bench(ctx):
        nonlocal compared
        for number in values:
            ctx.set(value, number)
            await ctx.delay(1e-9)
            for limit, signal in found.items():
                assert ctx.get(signal) == (number >= limit), (number, limit)
                compared += 1

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    assert compared == len(values) * len(limits)
