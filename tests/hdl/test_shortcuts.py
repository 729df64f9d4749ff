"""Buffers where branches meet: as deep as the argument says, and no deeper than needed."""

from dataclasses import replace

import numpy as np
import pytest

from golden.run import trace
from hdl import network
from hdl.shortcuts import shortcuts
from hdl.solve import least
from hdl.timing import timing
from ir import Graph, Node, pixels
from ir.ops import Add
from tests.ir.graphs import random_conv, small_graph

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 1, 4, 4), dtype=np.uint8)


def test_attention_holds_an_image_back():
    graph = small_graph(0)
    (found,) = shortcuts(graph)
    assert (found.source, found.reader) == ("down", "residual")
    assert found.least == 4  # all four tokens before the first can leave
    assert found.positions > found.least


@pytest.mark.parametrize("self_attention", [False, True])
def test_least_depth_flows_and_less_locks_up(monkeypatch, self_attention):
    graph = small_graph(0, self_attention=self_attention)
    tensors = trace(graph, IMAGES)
    (found,) = shortcuts(graph)

    def cycles(positions):
        monkeypatch.setattr(network, "shortcuts",
                            lambda graph: (replace(found, positions=positions),))
        return timing(graph, least(graph), tensors).cycles_per_image

    slow, fast = cycles(found.least), cycles(found.positions)
    assert slow is not None and fast is not None and slow >= fast > 0
    with pytest.raises(RuntimeError, match="would lock up"):
        cycles(1)


def test_branches_of_other_shapes_are_refused():
    rng = np.random.default_rng(0)
    nodes = (Node("a", random_conv(rng, 1, 2, 4), ("image",)),
             Node("b", random_conv(rng, 1, 2, 4), ("image",)),
             Node("sum", Add(), ("a", "b")))
    with pytest.raises(ValueError, match="'b' changes the number of positions|'a' changes"):
        shortcuts(Graph("fork", pixels(1, 4, 4), nodes))
