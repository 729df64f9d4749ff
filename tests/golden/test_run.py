import numpy as np
import pytest
import torch

from golden.ops import KERNELS
from golden.run import BATCH, accuracy, logits, trace
from tests.ir.graphs import small_graph


def images(count: int, channels: int = 1, size: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, channels, size, size), np.uint8)


GRAPH = small_graph()
SHAPE = GRAPH.image.shape[1:]
IMAGES = images(BATCH + 3, SHAPE[0], SHAPE[1])


def test_a_trace_has_every_tensor_of_every_image():
    tensors = trace(GRAPH, IMAGES)
    assert set(tensors) == set(GRAPH.types)
    for name, values in tensors.items():
        kind = GRAPH.types[name]
        assert values.shape == (len(IMAGES), *kind.shape)
        assert values.dtype.kind in "iu"
        assert kind.interval.low <= values.min() <= values.max() <= kind.interval.high
    assert (tensors["image"][:, 0] == IMAGES).all()
    assert tensors["image"].dtype == np.uint8


def test_an_image_alone_gives_what_it_gives_among_others():
    whole = trace(GRAPH, IMAGES)
    for at in (0, BATCH - 1, BATCH, BATCH + 2):
        alone = trace(GRAPH, IMAGES[at:at + 1])
        assert all((alone[name][0] == whole[name][at]).all() for name in whole)


def test_keep_chooses_tensors():
    last = GRAPH.nodes[-1].name
    kept = trace(GRAPH, IMAGES[:5], keep=[last])
    assert list(kept) == [last]
    assert (kept[last] == trace(GRAPH, IMAGES[:5])[last]).all()


def test_torch_is_kept_exact_and_left_as_it_was(monkeypatch):
    graph, batch, seen = small_graph(), images(3), []
    expected = trace(graph, batch, device="cpu")

    def watched(kernel):
        return lambda *inputs: seen.append(matmul.allow_tf32) or kernel(*inputs)

    matmul = torch.backends.cuda.matmul
    monkeypatch.setattr("golden.run.KERNELS", {op: watched(each) for op, each in KERNELS.items()})
    before = matmul.allow_tf32
    try:
        matmul.allow_tf32 = True
        found = trace(graph, batch)
        assert matmul.allow_tf32 and seen == [False] * len(graph.nodes)
    finally:
        matmul.allow_tf32 = before
    assert all((found[name] == values).all() for name, values in expected.items())


def test_logits_and_accuracy():
    found = logits(GRAPH, IMAGES)
    assert found.shape == (len(IMAGES), GRAPH.classes)
    assert found.dtype == np.int64
    labels = found.argmax(1)
    assert accuracy(GRAPH, IMAGES, labels) == 1.0
    labels[0] = (labels[0] + 1) % GRAPH.classes
    assert accuracy(GRAPH, IMAGES, labels) == 1 - 1 / len(IMAGES)


def test_what_is_refused():
    with pytest.raises(TypeError, match="Images must be uint8, not float64"):
        trace(GRAPH, IMAGES / 255)
    with pytest.raises(ValueError, match=r"takes images \[N, .*\], not \[3, 9, 2, 2\]"):
        trace(GRAPH, np.zeros((3, 9, 2, 2), np.uint8))
    with pytest.raises(ValueError, match="has no tensor 'nothing'; it has image, "):
        trace(GRAPH, IMAGES, keep=["nothing"])
    with pytest.raises(ValueError, match="There are 2 labels for 3 images"):
        accuracy(GRAPH, IMAGES[:3], np.zeros(2, int))
    with pytest.raises(ValueError, match="There are no images"):
        accuracy(GRAPH, IMAGES[:0], np.zeros(0, int))
