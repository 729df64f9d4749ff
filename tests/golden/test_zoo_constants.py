"""The constants that published systems are known by, in the graphs of their presets."""

import numpy as np
import pytest
import torch

from golden.quantize import Scheme, quantize
from golden.zoo import ARCHITECTURES
from ir import Graph, ops
from ir.ops import Reset
from tests.golden.test_zoo import EVENTS, GREY, META, TRANSFORMER, enlivened, pictures


def graph_of(architecture: str, arguments: dict) -> Graph:
    net = ARCHITECTURES[architecture](**arguments)
    images = pictures(net, 16)
    return quantize(enlivened(net, images), images, scheme=Scheme(weight_bits=8)).graph()


def op(graph: Graph, name: str) -> ops.Op:
    return next(node.op for node in graph.nodes if node.name == name)


def test_qsd_attention_fires_at_32_96_160_224():
    attention = op(graph_of("qsd", GREY | META), "stage1_block0_attn_lif")
    assert isinstance(attention, ops.LevelLif)
    assert (attention.threshold == [[32], [96], [160], [224]]).all()


@pytest.mark.parametrize(("levels", "half_even"), [(4, True), (8, False)])
def test_v3_attention_compares_with_its_scale_folded_in(levels, half_even):
    graph = graph_of("spike_driven_v3", GREY | META | {
        "levels": levels, "half_even": half_even, "stages": ((5, 2, 4, 1, 0), (3, 2, 6, 0, 1))})
    attention = op(graph, "stage1_block0_attn_lif")
    assert isinstance(attention, ops.LevelLif)
    # d = 3, no power of two; real thresholds are (j - 1/2) D^3 / (2 d^-1/2), none a whole number
    real = (np.arange(levels) + 0.5) * levels**3 / (2 * 3**-0.5)
    assert (attention.threshold == np.ceil(real)[:, None]).all()
    product = op(graph, "stage1_block0_attn")
    assert isinstance(product, ops.SelfAttention)
    assert product.value_ratio == 4
    assert graph.types["stage1_block0_qkv_lif"].interval.high == levels


def test_half_even_ties_go_to_the_even_level():
    graph = graph_of("spike_driven_v3", GREY | META | {"stages": ((5, 2, 4, 1, 0), (3, 2, 8, 0, 1)),
                                                       "heads": 2, "value_ratio": 1})
    head = op(graph, "head_lif")
    assert isinstance(head, ops.LevelLif)
    unit = 2 * (int(head.threshold[1, 0]) * 2 // 3)
    # > 1/2, >= 3/2, > 5/2, >= 7/2
    assert (head.threshold - np.array([[1], [3], [5], [7]]) * unit // 4
            == np.array([[1], [0], [1], [0]])).all()


def test_query_key_attention_is_an_or():
    for attention in ("token", "channel"):
        graph = graph_of("qkformer", GREY | {
            "steps": 2, "widths": (4, 8), "depths": (1, 1), "heads": 2, "mlp_ratio": 1,
            "attention": attention})
        mask = op(graph, "stage0_block0_mask")
        assert isinstance(mask, ops.LevelLif)
        assert (mask.threshold == 1).all()
        assert graph.types["stage0_block0_mask"].positions == (256 if attention == "token" else 1)


def test_attention_of_spikes_is_compared_with_4_or_2_and_floors_nothing():
    for scale, threshold in ((0.125, 4), (0.25, 2)):
        graph = graph_of("spikformer", GREY | TRANSFORMER | {
            "steps": 2, "widths": (4, 4, 4, 8), "scale": scale})
        neuron = op(graph, "block0_attn_lif")
        assert isinstance(neuron, ops.Lif)
        assert (neuron.keep, neuron.drive, neuron.divisor) == (1, 1, 2)
        assert (neuron.threshold == threshold << neuron.fraction_bits).all()
        assert graph.types["block0_mlp_add"].interval.high == 4


@pytest.mark.parametrize(("tau", "leak"), [(1.5, (1, 2, 3)), (1.75, (3, 4, 7))])
def test_time_constants_of_event_forms(tau, leak):
    graph = graph_of("spikingformer", EVENTS | TRANSFORMER | {
        "widths": (4, 4, 4, 4, 8), "tau": tau})
    neurons = [node.op for node in graph.nodes if isinstance(node.op, ops.Lif)]
    assert len(neurons) == 9
    assert {(each.keep, each.drive, each.divisor) for each in neurons} == {leak}
    assert graph.image.shape == (3, 2, 16, 16)


def test_cml_takes_the_greatest_current_instead_of_an_or():
    for cml, low in ((True, -1), (False, 0)):
        graph = graph_of("spikingformer", GREY | TRANSFORMER | {
            "steps": 2, "widths": (4, 4, 4, 4, 8), "cml": cml})
        pools = [graph.types[node.inputs[0]].interval for node in graph.nodes
                 if isinstance(node.op, ops.MaxPool)]
        assert len(pools) == 2
        assert all((interval.low < 0) == (low < 0) for interval in pools)


def test_a_mask_whose_neuron_learns_is_an_or_only_where_that_is_so():
    arguments = GREY | {"steps": 3, "dim": 8, "blocks": 1, "widths": (4, 4, 4, 8), "plif": True}
    kinds = []
    for decay in (0.1, -0.5):
        net = ARCHITECTURES["spike_driven"](**arguments)
        images = pictures(net, 16)
        enlivened(net, images)
        with torch.no_grad():
            net.layers["block0_mask"].decay.fill_(decay)
        graph = quantize(net, images, scheme=Scheme(weight_bits=8)).graph()
        kinds.append(type(op(graph, "block0_mask")))
    # below 2 any count fires; above, one spike may need several steps
    assert kinds == [ops.LevelLif, ops.Lif]


def test_soft_reset_strict_thresholds_and_the_leaks_of_convnets():
    neuron = op(graph_of("vgg", GREY | {
        "steps": 3, "layers": (4, "A"), "map_size": 8, "hidden": 8, "leak": 0.75}), "conv0_lif")
    assert isinstance(neuron, ops.Lif)
    assert neuron.reset is Reset.BY_THRESHOLD
    assert (neuron.keep, neuron.drive, neuron.divisor) == (3, 4, 4)
    dhs = graph_of("spike_dhs", GREY | {
        "steps": 2, "stem": 4, "cells": ((4, 0), (4, 1), (4, 0)), "edges": ((0, 1), (1, 2))})
    neuron = op(dhs, "cell0_node0_lif")
    assert isinstance(neuron, ops.Lif)
    assert (neuron.keep, neuron.drive, neuron.divisor) == (1, 5, 5)
    kinds = {type(node.op) for node in dhs.nodes}
    assert kinds >= {ops.Concat, ops.Upsample, ops.MaxPool, ops.Add}
    residual = op(graph_of("ms_resnet", GREY | {
        "steps": 2, "widths": (4, 8), "depths": (1, 1)}), "stage0_block0_lif")
    assert isinstance(residual, ops.Lif)
    # v / 2 + x, strictly above 1 in units of 2**-6
    assert (residual.keep, residual.drive, residual.divisor) == (1, 2, 2)
    assert int(residual.threshold[0]) % 2 == 1


def test_columns_pass_maps_on_times_a_constant():
    graph = graph_of("rev_snn", GREY | {
        "widths": (4, 8, 8), "columns": 2, "stem_kernel": 3, "stem_stride": 2, "kernel": 3})
    kept = [node for node in graph.nodes if node.name.endswith("_alpha")]
    assert [node.inputs[0] for node in kept] == [f"column0_level{i}_block0_add"
                                                 for i in range(3)]
    for node in kept:
        assert isinstance(node.op, ops.DepthwiseConv)
        assert node.op.kernel == 1
    assert graph.image.steps == 1
    assert {node.op.levels for node in graph.nodes if isinstance(node.op, ops.LevelLif)} == {1}
    assert not [node for node in graph.nodes if isinstance(node.op, ops.Lif)]
