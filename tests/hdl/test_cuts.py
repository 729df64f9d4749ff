"""Tensors that must be cut alike, and what their blocks must divide."""

from hdl.cuts import Cuts
from tests.ir.field import field_graph
from tests.ir.graphs import small_graph


def test_writers_of_a_residual_stream_have_one_cut():
    cuts = Cuts(small_graph(channels=6))
    assert cuts.writers("residual") == ("down", "projection") == cuts.writers("last_lif")
    assert cuts.limit("down") == 6


def test_query_key_and_value_are_whole_blocks():
    assert Cuts(small_graph(channels=6)).limit("qkv") == 6
    assert Cuts(small_graph(channels=6, self_attention=True)).limit("qkv") == 6


def test_slices_gates_and_heads_restrict_what_they_read():
    cuts = Cuts(field_graph(width=8))
    # two heads of four channels are summed, and gated
    assert cuts.limit("qk") == 4 == cuts.limit("tokens")
    # a gate of heads has a cut of its own, that of a whole map the cut of what it gates
    assert cuts.writers("heads_any") == ()
    # all that meets further on belongs together: pools, parts, gates, what lies side by side
    for name in ("gain", "k", "count_lif", "wide"):
        assert cuts.writers(name) == ("stem", "pointwise", "qk")
    assert cuts.writers("sum") == ("ternary_conv", "narrow", "mix")
