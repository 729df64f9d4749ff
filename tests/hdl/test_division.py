"""Division by constants: exact for every numerator of its interval, negative ones included."""

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator
from hypothesis import given
from hypothesis import strategies as st

from hdl.adders import LEVELS, Adders, adders, digits, factors
from hdl.division import Division
from hdl.layout import shape_of
from ir import Interval


def quotient(division: Division, n: int) -> int:
    """What the circuit computes, in Python's integers."""
    n >>= division.halvings
    product = (2 * n + 1) * division.reciprocal
    return product >> (division.shift + 1) if division.reciprocal else n


@given(st.integers(-3000, 3000), st.integers(0, 3000), st.integers(1, 400))
def test_every_quotient_is_exact(low, length, divisor):
    interval = Interval(low, low + length)
    division = Division.of(interval, divisor)
    numerators = range(interval.low, interval.high + 1)
    assert [quotient(division, n) for n in numerators] == [n // divisor for n in numerators]


@pytest.mark.parametrize("divisor", [1, 2, 3, 5, 7, 10, 24, 1000])
@pytest.mark.parametrize("interval", [Interval(-1000, 700), Interval(0, 1500), Interval(-9, -3)])
def test_the_circuit_divides(divisor, interval):
    m = Module()
    n, q = Signal(shape_of(interval)), Signal(signed(12))
    m.d.comb += q.eq(Division.of(interval, divisor).build(n, Adders(lambda value: value)))
    simulator = Simulator(m)
    compared = []

    async def bench(ctx):
        for value in range(interval.low, interval.high + 1):
            ctx.set(n, value)
            compared.append(ctx.get(q) == value // divisor)

    simulator.add_testbench(bench)
    simulator.run()
    assert compared and all(compared)


@given(st.integers(1, 10**6))
def test_factors_make_their_constant(constant):
    product = 1
    for factor in factors(constant):
        product *= sum(-(1 << exponent) if minus else 1 << exponent for exponent, minus in factor)
    assert product == constant
    assert adders(factors(constant)) <= adders((digits(constant),))


def test_reciprocals_are_cheap():
    wide = Interval(-2**15, 2**15 - 1)
    assert [adders(Division.of(wide, divisor).factors) for divisor in (3, 5, 7, 10)] == [3] * 4


def test_adders_are_cut_into_stages():
    row = Adders(lambda value: value)
    row.sum([(Signal(8), False)] * 2**(2 * LEVELS + 1))
    assert row.registers == 2
    assert row.level == 1


def test_negative_constants_are_refused():
    with pytest.raises(ValueError, match="A product with -3, which is negative, is not built"):
        digits(-3)
