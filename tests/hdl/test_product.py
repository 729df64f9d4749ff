"""Products of two values that are known only at run time: exact for every pair of them."""

import pytest
from amaranth.hdl import Module, Signal, signed, unsigned
from amaranth.sim import Simulator

from hdl.product import Product

SHAPES = (unsigned(1), unsigned(2), unsigned(3), unsigned(5), signed(1), signed(2), signed(3),
          signed(4), signed(6))


@pytest.mark.parametrize("weight", [signed(2), signed(4), signed(5)], ids=str)
@pytest.mark.parametrize("value", SHAPES, ids=str)
def test_a_product_is_exact_for_every_pair(value, weight):
    m, a, b = Module(), Signal(value), Signal(weight)
    product, stages = Product(value, weight), []

    def later(each):
        stages.append(each)
        return each

    result = Signal(signed(16))
    m.d.comb += result.eq(product.build(a, b, later))
    compared = 0

    async def bench(ctx):
        nonlocal compared
        for x in _all(value):
            for y in _all(weight):
                ctx.set(a, x)
                ctx.set(b, y)
                await ctx.delay(1e-9)
                assert ctx.get(result) == x * y, (x, y)
                compared += 1

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    assert compared == 2**(value.width + weight.width)
    assert bool(stages) == bool(product.registers)


@pytest.mark.parametrize(("value", "weight", "sums", "registers"), [
    (unsigned(1), signed(8), 1, 0), (unsigned(2), signed(8), 1, 0), (unsigned(4), signed(4), 2, 0),
    (unsigned(8), signed(4), 2, 0), (unsigned(8), signed(8), 4, 1), (signed(12), signed(8), 4, 1)])
def test_the_operand_with_fewer_bits_chooses(value, weight, sums, registers):
    product = Product(value, weight)
    assert (product.sums, product.registers) == (sums, registers)


def _all(shape):
    low = -1 << shape.width - 1 if shape.signed else 0
    return range(low, low + (1 << shape.width))
