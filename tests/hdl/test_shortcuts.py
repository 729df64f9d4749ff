"""Buffers where branches meet: as deep as the argument says, and no deeper than needed."""

from dataclasses import replace

import numpy as np
import pytest

from golden.run import trace
from hdl import lowering
from hdl.shortcuts import shortcuts
from hdl.solve import least
from hdl.timing import timing
from ir import Graph, Node, pixels
from ir.ops import Add, Lif, TokenSum
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
        monkeypatch.setattr(lowering, "buffers",
                            lambda graph, foldings: (replace(found, positions=positions),))
        return timing(graph, least(graph), tensors).cycles_per_image

    slow, fast = cycles(found.least), cycles(found.positions)
    assert slow is not None and fast is not None and slow >= fast > 0
    with pytest.raises(RuntimeError, match="would lock up"):
        cycles(1)


def strided() -> Graph:
    """Two branches of one tensor that shrink the map at different reach, and meet."""
    rng = np.random.default_rng(0)
    nodes = (Node("stem", random_conv(rng, 1, 2, 3, padding=1), ("image",)),
             Node("wide", random_conv(rng, 2, 4, 7, padding=3, stride=2), ("spikes",)),
             Node("thin", random_conv(rng, 2, 4, 1, stride=2), ("spikes",)),
             Node("sum", Add(), ("wide", "thin")),
             Node("tokens", TokenSum(), ("sum",)))
    spikes = Node("spikes", Lif(threshold=[5, 9]), ("stem",))
    return Graph("strided", pixels(1, 12, 12), (nodes[0], spikes, *nodes[1:]))


def test_branches_may_shrink_the_map():
    graph = strided()
    found = {(s.source, s.reader, s.port): s.least for s in shortcuts(graph)}
    # in the third row the wide window reaches row 7, column 3; the thin one was at row 2, column 10
    assert found == {("spikes", "thin", 0): 7 * 12 + 4 - 35, ("wide", "sum", 0): 1}
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 12, 12), dtype=np.uint8)
    tensors = trace(graph, images)
    assert timing(graph, least(graph), tensors).cycles_per_image
