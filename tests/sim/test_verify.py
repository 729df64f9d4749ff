"""Circuit against graph: all values counted, a single wrong one found and named."""

from dataclasses import replace

import numpy as np
import pytest

from ir import Graph, folder
from ir.ops.time_sum import TimeSum
from sim.compare import OUTPUT, Difference
from sim.netlist import verify_netlist
from sim.pool import SimulationError, SimulationTimeout
from sim.verify import verify
from tests.sim import standin

VALUES = {"image": 18, "spread": 36, "again": 72, "token__sum": 8, "total": 4}


def test_equal_circuit_is_equal_and_all_values_count(circuit, images):
    labels = standin.expected(images).argmax(1)
    labels[:10] = 3 - labels[:10]
    found = verify(circuit(), images, labels, trace_images=20)
    assert found.equal and found.mismatches == 0 and found.first_difference is None
    assert found.values_compared == 50 * 4 + 20 * sum(VALUES.values())
    assert (found.images, found.traced_images) == (50, 20)
    assert found.tensors == tuple(VALUES)
    assert found.accuracy_circuit == found.accuracy_integer == 0.8
    assert found.cycles_per_image == 83 and found.latency[OUTPUT] == 82


@pytest.mark.parametrize("trace_images, traced", [(0, 0), (1000, 50)])
def test_as_many_images_are_traced_as_there_are(circuit, images, trace_images, traced):
    found = verify(circuit(), images, trace_images=trace_images)
    assert found.traced_images == traced
    assert found.values_compared == 50 * 4 + traced * sum(VALUES.values())
    assert found.accuracy_circuit is None


def test_a_netlist_without_weights_is_refused(circuit, images, tmp_path):
    folder = circuit()
    (folder / "weights.bin").write_bytes(b"")
    with pytest.raises(ValueError, match="are loaded after reset, its cells have none"):
        verify_netlist(folder, tmp_path, (), images)


FAULT = {"position": 5, "step": 1, "channel": 2, "amount": -3}


@pytest.mark.parametrize("image, traced", [(0, 10), (6, 10), (9, 10), (20, 50)])
def test_one_wrong_value_is_found_and_named(circuit, images, image, traced):
    found = verify(circuit(image=image + 1, **FAULT), images, trace_images=traced, processes=1)
    value = int(images[image, 0, 1, 2]) + int(images[image, 1, 1, 2])
    assert found.first_difference == Difference(
        node="again", image=image, step=1, channel=2, position=(1, 2), expected=value,
        got=value - 3)
    # The value, its sums and the logit; and a logit in the run without traces behind it.
    assert found.mismatches == 4 + (traced < 50)
    assert not found.equal


def test_a_wrong_logit_behind_the_traced_images_is_found(circuit, images):
    """The circuit counts images from zero in each run, so the look behind sees nothing wrong."""
    found = verify(circuit(image=21, **FAULT), images, trace_images=10, processes=1)
    assert found.mismatches == 1
    assert found.first_difference is not None
    assert (found.first_difference.node, found.first_difference.image) == (OUTPUT, 30)


@pytest.mark.parametrize("image", [0, 1, 30])
def test_an_untraced_fault_is_located_in_its_tensor(circuit, images, image):
    """Only the logits showed it: the image is run again to see where it begins."""
    images = images.copy()
    images[:, 0, 0, 0] = 1
    images[image, 0, 0, 0] = 77
    found = verify(circuit(pixel=77, **FAULT), images, trace_images=0, processes=2)
    value = int(images[image, 0, 1, 2]) + int(images[image, 1, 1, 2])
    assert found.mismatches == 1 and found.values_compared == 200
    assert found.first_difference == Difference(
        node="again", image=image, step=1, channel=2, position=(1, 2), expected=value,
        got=value - 3)


def test_a_fault_of_the_port_alone_is_named_as_that(circuit, images):
    logits = standin.expected(images)
    found = verify(circuit(port=1), images, trace_images=50, processes=1)
    assert found.first_difference == Difference(
        node=OUTPUT, image=2, step=0, channel=0, position=(0, 0), expected=int(logits[2, 0]),
        got=int(logits[2, 0]) + 1)
    assert found.mismatches == 4
    assert found.accuracy_circuit is None


def test_nothing_to_compare_is_a_failure(circuit, images):
    with pytest.raises(ValueError, match="There are no images"):
        verify(circuit(), images[:0])


def test_a_time_out_is_a_failure(circuit, images):
    with pytest.raises(SimulationTimeout, match="time-out"):
        verify(circuit(hang=2), images, deadline=1000)


def test_labels_must_fit(circuit, images):
    with pytest.raises(ValueError, match=r"one for each of 50 images, not \[49\]"):
        verify(circuit(), images, np.zeros(49, int))


def test_circuit_of_another_graph_is_refused(circuit, images):
    path = circuit()
    graph = standin.graph()
    first = graph.nodes[0]
    other = replace(first, op=replace(first.op, bias=np.array([0, 0, 0, -4])))
    folder.save(Graph("standin", graph.image, (other, *graph.nodes[1:])), path / "net")
    with pytest.raises(SimulationError, match="Register NETWORK reads 0x.* generate the circuit"):
        verify(path, images)


def test_graph_without_a_traced_tensor_is_refused(circuit, images):
    path = circuit()
    graph = standin.graph()
    nodes = [node for node in graph.nodes if node.name != "total"]
    last = type(graph.nodes[-1])("sums", TimeSum(), ("token__sum",))
    folder.save(Graph("standin", graph.image, (*nodes, last)), path / "net")
    with pytest.raises(ValueError, match="traces 'total', which the graph beside it does not"):
        verify(path, images)
