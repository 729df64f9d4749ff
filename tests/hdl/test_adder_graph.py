"""Adder graphs compute their matrix, share what rows have in common, and stay in their widths."""

import numpy as np
import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from hdl.adder_cells import adder_cells
from hdl.adder_graph import AdderGraph, adder_graph
from hdl.adder_pipeline import AdderPipeline
from ir import Interval


def evaluated(graph: AdderGraph, x: list[int]) -> list[int]:
    """The outputs; every node must be in its interval."""
    values = list(x)
    for node in graph.nodes[graph.inputs:]:
        values.append(sum((values[term.node] << term.shift) * (-1 if term.minus else 1)
                          for term in node.terms) if node.terms else node.interval.low)
    assert all(node.interval.low <= value <= node.interval.high
               for node, value in zip(graph.nodes, values, strict=True))
    return [values[term.node] << term.shift for term in graph.outputs]


@settings(max_examples=40)
@given(seed=st.integers(0, 1000), outputs=st.integers(1, 8), inputs=st.integers(1, 12),
       weights=st.sampled_from(((-1, 1), (-2, 1), (-8, 7), (0, 3), (-100, 0))),
       activation=st.sampled_from(((0, 1), (0, 3), (0, 255), (-1, 1), (-5, 3), (0, 2))))
def test_computes_its_matrix(seed, outputs, inputs, weights, activation):
    rng = np.random.default_rng(seed)
    weight = rng.integers(weights[0], weights[1] + 1, (outputs, inputs))
    bias = rng.integers(-9, 10, outputs) * rng.integers(0, 2, outputs)
    graph = adder_graph(weight, bias.tolist(), Interval(*activation))
    for x in (*rng.integers(activation[0], activation[1] + 1, (3, inputs)),
              np.full(inputs, activation[0]), np.full(inputs, activation[1])):
        assert evaluated(graph, x.tolist()) == (weight @ x + bias).tolist()


def test_a_common_sum_is_made_once():
    alone = adder_graph(np.array([[3, 0, 5]]), [0], Interval(0, 255))
    twice = adder_graph(np.array([[3, 0, 5], [6, 1, 10], [-3, 0, -5]]), [0, 0, 7],
                        Interval(0, 255))
    adders = [sum(bool(graph.nodes[n].terms) for n in graph.needed())
              for graph in (alone, twice)]
    assert adders == [3, 5]


def test_zero_weights_cost_nothing():
    graph = adder_graph(np.zeros((3, 50), int), [1, 0, -2], Interval(0, 1))
    assert adder_cells(graph) == (0, 0)


def test_bits_that_are_alike_are_counted_once():
    """Sum and difference of two spikes have the same lowest bit; so have those of wider values."""
    weight = np.array([[1, 1], [1, -1]])
    assert adder_cells(adder_graph(weight, [0, 0], Interval(0, 1))) == (3, 3)
    assert adder_cells(adder_graph(weight, [0, 0], Interval(0, 255))) == (9 + 1 + 9 + 1, 17)


@pytest.mark.parametrize("activation", [(0, 255), (0, 1), (0, 3), (-3, 4), (0, 2)])
def test_the_pipeline_computes_the_graph(activation):
    rng = np.random.default_rng(3)
    weight = rng.integers(-8, 8, (6, 9))
    weight[0], weight[1], weight[2, 1:] = -np.abs(weight[0]), 0, 0
    bias = np.array([0, 5, 0, -7, 3, 11])
    graph = adder_graph(weight, bias.tolist(), Interval(*activation))
    ends = [weight * end for end in activation]
    dut = AdderPipeline(graph, Interval(*activation), Interval(
        int((np.minimum(*ends).sum(1) + bias).min()), int((np.maximum(*ends).sum(1) + bias).max())))
    rows = rng.integers(activation[0], activation[1] + 1, (20, 9))
    compared = 0

    async def run(ctx):
        nonlocal compared
        ctx.set(dut.step, (1 << len(dut.step)) - 1)
        for n in range(len(rows) + graph.levels):
            ctx.set(dut.x, rows[min(n, len(rows) - 1)].tolist())
            if n >= graph.levels:
                assert list(ctx.get(dut.o)) == (weight @ rows[n - graph.levels] + bias).tolist()
                compared += len(weight)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(run)
    simulator.run()
    assert compared == 120
