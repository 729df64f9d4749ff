import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdl.ops import Association, SelfAttentionFolding
from ir import Graph, Node, pixels
from ir.ops import Conv, Lif, ParallelNeuron, Repeat, SelfAttention
from spikeloom.energy import FP32, INT8, Counting, model_energy
from spikeloom.energy.measure import count_energy
from tests.ir.field import field_graph
from tests.ir.graphs import small_graph


def random_trace(graph: Graph, seed: int, images: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.integers(kind.interval.low, kind.interval.high + 1, (images, *kind.shape))
            for name, kind in graph.types.items()}


def naive_conv(op: Conv, spikes: np.ndarray) -> int:
    """Accumulates by walking every output, weight and input of one image ``[T, C, H, W]``."""
    steps, channels, height, width = spikes.shape
    count = 0
    for y in range((height + 2 * op.padding - op.kernel) // op.stride + 1):
        for x in range((width + 2 * op.padding - op.kernel) // op.stride + 1):
            for r in range(op.kernel):
                for s in range(op.kernel):
                    row, column = y * op.stride - op.padding + r, x * op.stride - op.padding + s
                    if 0 <= row < height and 0 <= column < width:
                        count += int(spikes[:, :, row, column].sum()) * op.out_channels
    return count


def naive_self_attention(op: SelfAttention, spikes: np.ndarray) -> int:
    steps, channels, height, width = spikes.shape
    d = channels // 3 // op.heads
    count = 0
    for step in spikes.reshape(steps, 3, op.heads, d, height * width):
        for head in range(op.heads):
            for token in range(height * width):
                query, key, value = step[:, head, :, token]
                count += sum(bool(k and v) for k in key for v in value)
                count += sum(bool(q) for q in query for _ in range(d))
    return count


@given(st.integers(0, 999), st.booleans(), st.integers(2, 5), st.integers(1, 3))
def test_counts_are_those_of_a_walk(seed, self_attention, size, steps):
    graph = small_graph(seed, size=size, steps=steps, self_attention=self_attention)
    trace = random_trace(graph, seed)
    energy = model_energy(graph, trace)
    layers = {layer.name: layer for layer in energy.layers}
    for node in graph.nodes:
        if isinstance(node.op, Conv) and graph.types[node.inputs[0]].is_spikes:
            inputs = trace[node.inputs[0]]
            layer = layers[node.name]
            assert layer.acs * 2 == sum(naive_conv(node.op, image) for image in inputs)
            assert layer.dense == naive_conv(node.op, np.ones_like(inputs[0]))
            assert layer.weight_bits == layer.acs * node.op.weight_bits
            assert layer.macs == 0
            assert layer.rate == pytest.approx(inputs.mean())
        elif isinstance(node.op, SelfAttention):
            inputs = trace[node.inputs[0]]
            layer = layers[node.name]
            assert layer.acs * 2 == sum(naive_self_attention(node.op, image) for image in inputs)
            assert layer.dense == naive_self_attention(node.op, np.ones_like(inputs[0]))
    assert energy.images == 2


def test_layers_that_read_numbers_multiply():
    graph = small_graph(size=4, channels=4, classes=3)
    layers = {layer.name: layer for layer in model_energy(graph, random_trace(graph, 1)).layers}
    # 3x3 with padding 1 on 4x4: (3 + 3 + 2 + 2)**2 pairs of an input and an output position.
    assert layers["stem"].macs == 100 * 4
    assert layers["head"].macs == 4 * 3
    assert layers["stem"].acs == layers["head"].acs == 0
    assert layers["stem"].rate is None


def test_mask_attention_counts_keys_that_meet_values():
    graph = small_graph()
    trace = random_trace(graph, 3)
    qkv = np.zeros_like(trace["qkv_lif"])
    qkv[0, 0, 4, 0, 0] = qkv[0, 0, 8, 0, 0] = 1  # channel 0: key and value of one token
    qkv[0, 1, 4, 0, 0] = qkv[0, 1, 8, 1, 1] = 1  # of two tokens: they do not meet
    qkv[0, 0, 0] = 1
    layers = {layer.name: layer
              for layer in model_energy(graph, {**trace, "qkv_lif": qkv}).layers}
    assert layers["attention"].acs == 0.5
    assert layers["attention"].dense == 2 * 4 * 4


def test_energy_of_known_counts():
    graph = small_graph()
    energy = model_energy(graph, random_trace(graph, 5))
    assert energy.nanojoules(FP32) == pytest.approx((4.6 * energy.macs + 0.9 * energy.acs) / 1e3)
    assert energy.nanojoules(INT8) == pytest.approx((0.23 * energy.macs + 0.03 * energy.acs) / 1e3)
    bits = sum(layer.weight_bits for layer in energy.layers)
    assert energy.memory_nanojoules(INT8) == pytest.approx(bits * 10 / 64 / 1e3)
    content = json.loads(json.dumps(energy.as_dict()))
    assert content["kind"] == "modelled"
    assert content["images"] == 2
    assert content["sops"] == energy.acs
    assert len(content["layers"]) == 6


def test_joined_averages_are_those_of_all_images():
    graph = small_graph()
    trace = random_trace(graph, 2, images=5)
    parts = [model_energy(graph, {name: values[rows] for name, values in trace.items()})
             for rows in (slice(0, 1), slice(1, 5))]
    joined, whole = parts[0].joined(parts[1]), model_energy(graph, trace)
    assert joined.images == 5
    for a, b in zip(joined.layers, whole.layers, strict=True):
        assert vars(a) == pytest.approx(vars(b))


def test_a_network_without_spikes_reads_pixels_only():
    conv = Conv(weight=np.ones((2, 1, 2, 2), int), bias=[0, 0], shift=[0, 0], weight_bits=2)
    graph = Graph("g", pixels(1, 2, 2), (Node("once", Repeat(steps=1), ("image",)),
                                         Node("head", conv, ("once",))))
    energy = model_energy(graph, {"once": np.zeros((1, 1, 1, 2, 2), int)})
    assert (energy.macs, energy.acs) == (8, 0)


def test_missing_tensor():
    graph = small_graph()
    trace = random_trace(graph, 0)
    del trace["stem_lif"]
    with pytest.raises(ValueError, match="The trace lacks tensor 'stem_lif', which energy is"):
        model_energy(graph, trace)


def test_every_operator_with_weights_or_sums_is_counted():
    graph = field_graph(3)
    trace = random_trace(graph, 3)
    layers = {layer.name: layer for layer in model_energy(graph, trace).layers}
    spikes = trace["spikes"]
    # 3x3 with stride 2 and padding 1: the odd row and column of six is in two windows but the last
    reach = np.array([1, 2, 1, 2, 1, 1])
    assert layers["depthwise"].acs == (spikes * np.outer(reach, reach)).sum() / len(spikes)
    assert layers["depthwise"].rate == pytest.approx(spikes.mean())
    assert layers["gain"].macs == 3 * 8 * 9 and layers["gain"].acs == 0
    assert layers["heads"].acs == trace["q"].sum() / 2
    neuron = next(node.op for node in graph.nodes if node.name == "parallel")
    assert isinstance(neuron, ParallelNeuron)
    assert layers["parallel"].macs == np.count_nonzero(neuron.weight) * 8 * 9
    # two heads of four channels, values twice as wide, counts: K^T V and Q (K^T V)
    assert layers["sums"].macs == 2 * 3 * 9 * 2 * 4 * 8 and layers["sums"].rate is None


def test_papers_count_padding_steps_and_rates():
    graph = small_graph(size=4, channels=4, classes=3, steps=3, self_attention=True)
    trace = random_trace(graph, 4)
    trace["qkv_lif"][:, :, 8:] = 1
    layers = {layer.name: layer for layer in model_energy(graph, trace).layers}
    # the stem's result is repeated, and papers run it in all three steps: 3x3 kernels, 16 outputs
    assert layers["stem"].operations(Counting.PAPERS_AC) == (3 * 9 * 16 * 4, 0)
    down = trace["stem_lif"].mean() * 3 * 9 * 4 * 4 * 4
    assert layers["down"].operations(Counting.PAPERS_AC) == (0, pytest.approx(down))
    assert layers["down"].operations(Counting.EXECUTED) == (0, layers["down"].acs)
    query, key, value = (part.mean() for part in np.split(trace["qkv_lif"], 3, axis=2))
    assert key < value
    products = 3 * 4 * 4 * 2  # steps, tokens, channels, channels of a head
    assert layers["sums"].operations(Counting.PAPERS_MAC)[1] == pytest.approx(
        products * (min(key, value) + query))


def test_counts_are_spikes_or_numbers_as_papers_like():
    graph = field_graph(3)
    trace = random_trace(graph, 3)
    layers = {layer.name: layer for layer in model_energy(graph, trace).layers}
    node = next(node for node in graph.nodes if node.name == "stem")
    stem = layers["stem"]
    dense = stem.flops
    assert graph.types["image"].interval.high == 15 and isinstance(node.op, Conv)
    assert stem.operations(Counting.PAPERS_AC) == (0, pytest.approx(dense * trace["image"].mean()))
    assert stem.operations(Counting.PAPERS_MAC) == (dense, 0)


def test_memories_of_a_walk():
    graph = small_graph(size=4, channels=4, steps=3, self_attention=True)
    energy = model_energy(graph, random_trace(graph, 6))
    moved = {memory.name: memory for memory in energy.memories}
    assert list(moved) == [node.name for node in graph.nodes]
    layers = {layer.name: layer for layer in energy.layers}
    assert moved["down"].weights == layers["down"].weight_bits
    # windows of nine spikes, four channels and three steps at four positions
    assert moved["down"].buffer_read == 9 * 4 * 3 * 4
    assert moved["down"].buffer_written == 3 * 4 * 16
    assert moved["qkv"].buffer_read == moved["qkv"].state_read == 0
    neurons = next(node.op for node in graph.nodes if node.name == "stem_lif")
    assert isinstance(neurons, Lif)
    bits = neurons.potential(graph.types["current"]).bits
    assert moved["stem_lif"].state_read == moved["stem_lif"].state_written == 2 * 4 * 16 * bits
    sums = layers["sums"]
    # at most four tokens meet: sums of K^T V have three bits
    assert moved["sums"].state_read == sums.acs * 3 and moved["sums"].state_written < sums.acs * 3
    assert moved["sums"].state_written == sums.kept * 3 > 0
    total = sum(memory.bits for memory in energy.memories)
    assert energy.traffic_nanojoules(INT8) == pytest.approx(total * 10 / 64 / 1000)
    assert energy.as_dict()["memory_nj"] == energy.traffic_nanojoules(INT8)


def test_memories_of_attention_follow_the_association():
    graph = small_graph(size=4, channels=4, steps=3, self_attention=True)
    trace = random_trace(graph, 6)
    rows, scores = (
        model_energy(graph, trace, {"sums": SelfAttentionFolding(drain=1, association=each)})
        for each in Association)
    assert rows == model_energy(graph, trace) and scores.layers == rows.layers
    moved = next(memory for memory in scores.memories if memory.name == "sums")
    assert moved.state_read == moved.state_written == 0
    assert moved.buffer_written == 3 * 4 * 12
    # each of four tokens reads its query of four channels, and eight of keys and values of all
    assert moved.buffer_read == 3 * 4 * (4 + 4 * 8)


def test_a_data_set_is_counted_batch_by_batch(monkeypatch):
    graph = small_graph()
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 4, 4), dtype=np.uint8)
    whole = count_energy(graph, images)
    monkeypatch.setattr("spikeloom.energy.measure.BATCH", 2)
    parts = count_energy(graph, images)
    assert parts.images == whole.images == 5
    assert parts.acs == pytest.approx(whole.acs) and whole.acs > 0
    with pytest.raises(ValueError, match="There are no images to count operations on"):
        count_energy(graph, images[:0])
