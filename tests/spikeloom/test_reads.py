"""Bits of weights that circuits read: walked window by window, or by the engine's own words."""

import numpy as np
import pytest

from hdl.layout import Layout
from hdl.ops.conv import ConvFolding, ConvForm, conv_lanes
from hdl.serial_conv import SerialConv
from ir import Interval, TensorType
from ir.ops import Conv
from spikeloom.energy import model_energy
from spikeloom.energy.reads import weights_read
from tests.ir.graphs import small_graph
from tests.spikeloom.test_energy import random_trace

KINDS = [Interval(0, 1), Interval(0, 5), Interval(-3, 2)]
BITS = 3


def layer(interval: Interval, kernel: int, stride: int = 1) -> tuple[Conv, TensorType, np.ndarray]:
    """A convolution, the type of its input, and three inputs."""
    rng = np.random.default_rng(1)
    kind = TensorType(steps=2, channels=4, height=5, width=4, interval=interval)
    op = Conv(weight=rng.integers(-4, 4, (6, 4, kernel, kernel)), bias=[0] * 6, shift=[0] * 6,
              weight_bits=BITS, stride=stride, padding=kernel // 2,
              pad_value=interval.high if interval.high > 1 else 0)
    return op, kind, rng.integers(interval.low, interval.high + 1, (3, *kind.shape))


@pytest.mark.parametrize("interval", KINDS)
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 2)])
def test_events_read_a_row_for_each_one(interval, kernel, stride):
    op, kind, values = layer(interval, kernel, stride)
    edge = op.padding
    padded = np.pad(values, ((0, 0),) * 3 + ((edge, edge),) * 2, constant_values=op.pad_value)
    output, ones = op.output(kind), 0
    for y in range(output.height):
        for x in range(output.width):
            window = padded[..., y * stride:y * stride + kernel, x * stride:x * stride + kernel]
            ones += sum(f"{int(value) % 256:08b}"[-interval.bits:].count("1")
                        for value in window.flat)
    found = weights_read(op, kind, values, ConvForm.EVENTS)
    assert found == pytest.approx(ones * 6 * BITS / len(values)) and found > 0


@pytest.mark.parametrize("kernel", [1, 3])
def test_serial_engines_read_a_word_per_cycle(kernel):
    op, kind, values = layer(KINDS[0], kernel)
    engine = conv_lanes(op, Layout(kind, 4, 2),
                        ConvFolding(lanes=3, drain=1, scan=2, form=ConvForm.SERIAL))
    assert isinstance(engine, SerialConv)
    words = engine.words * engine.timing(values).sums * engine.out.tensor.positions
    width = engine.out.block * engine.a.lanes * BITS
    assert weights_read(op, kind, values, ConvForm.SERIAL) == words * width > 0


def test_tables_are_read_for_each_four_inputs_that_spike():
    rng = np.random.default_rng(2)
    kind = TensorType(steps=2, channels=8, height=3, width=2, interval=Interval(0, 1))
    op = Conv(weight=rng.integers(-4, 4, (6, 8, 1, 1)), bias=[0] * 6, shift=[0] * 6,
              weight_bits=BITS)
    values = (rng.random((3, *kind.shape)) < 0.2).astype(int)
    steps = np.moveaxis(values, 2, -1).reshape(-1, 8)
    looked_up = sum(max(1, int(step[:4].any()) + int(step[4:].any())) for step in steps)
    sums = [sum(weight for weight, spikes in zip(four, f"{pattern:04b}", strict=True)
                if spikes == "1")
            for row in op.weight[:, :, 0, 0] for four in (row[:4], row[4:])
            for pattern in range(16)]
    width = max(int(max(sums)).bit_length(), int(~min(sums)).bit_length()) + 1
    found = weights_read(op, kind, values, ConvForm.TABLES)
    assert found == pytest.approx(looked_up * 6 * width / len(values)) and looked_up > len(steps)


def test_a_network_counts_as_its_circuit_reads():
    graph = small_graph()
    trace = random_trace(graph, 1)
    convs = [node for node in graph.nodes if isinstance(node.op, Conv)]
    forms = dict(zip((node.name for node in convs), ConvForm, strict=False))
    assert set(forms.values()) == set(ConvForm)
    foldings = {name: ConvFolding(lanes=1, drain=1, scan=1, form=form)
                for name, form in forms.items()}
    found = {each.name: each.weights for each in model_energy(graph, trace, foldings).memories}
    plain = {each.name: each.weights for each in model_energy(graph, trace).memories}
    for node in convs:
        source = node.inputs[0]
        if node.name in forms:
            assert found[node.name] == weights_read(node.op, graph.types[source], trace[source],
                                                    forms[node.name])
        else:
            assert found[node.name] == plain[node.name]
    spikes = next(node for node in convs if graph.types[node.inputs[0]].is_spikes)
    events = {spikes.name: ConvFolding(lanes=1, drain=1, scan=1)}
    again = {each.name: each.weights for each in model_energy(graph, trace, events).memories}
    assert again == plain
