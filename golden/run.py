"""Runs an integer graph on images and keeps what passes along its edges."""

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from golden.exact import exact_arithmetic
from golden.ops import KERNELS, POTENTIALS
from golden.ops.checks import extremes
from ir import IMAGE, Graph, Interval, TensorType

__all__ = ["accuracy", "image_shape", "logits", "potentials", "trace"]

BATCH = 250
"""Images at a time, at most: bounds memory, no influence on results."""

BATCH_VALUES = 1 << 20
"""Values of the largest tensor at a time: what a processor's caches hold is computed fastest."""


def trace(graph: Graph, images: np.ndarray, keep: Collection[str] | None = None, *,
          device: torch.device | str = "cpu") -> dict[str, np.ndarray]:
    """Every tensor of the graph, ``image`` included, by name: integers ``[N, T, C, H, W]``.

    ``images`` is uint8 ``[N, C, H, W]``, or frames of events ``[N, T, C, H, W]`` where the graph
    takes several time steps; with ``keep``, only the tensors named there are kept. The integers are
    the same on every ``device`` of torch.
    Each has the smallest signed type that holds its interval (``image``: uint8).

    Raises TypeError or ValueError for other images, an unknown name in ``keep``, or a value
    outside the interval that the graph proves, which no graph from ``ir`` has.
    """
    names = tuple(graph.types) if keep is None else tuple(keep)
    if unknown := [name for name in names if name not in graph.types]:
        raise ValueError(f"Graph {graph.name!r} has no tensor {unknown[0]!r}; it has "
                         f"{', '.join(graph.types)}")
    _check_images(graph, images)
    kept = {name: np.empty((len(images), *graph.types[name].shape), _dtype(graph, name))
            for name in names}
    with exact_arithmetic():
        for start, tensors in _batches(graph, images, set(names), torch.device(device)):
            for name, values in tensors.items():
                kept[name][start:start + len(values)] = values.cpu().numpy()
    return kept


def logits(graph: Graph, images: np.ndarray, *,
           device: torch.device | str = "cpu") -> np.ndarray:
    """The logits, int64 ``[N, classes]``, of uint8 images ``[N, C, H, W]``."""
    last = graph.nodes[-1].name
    return trace(graph, images, [last], device=device)[last][:, 0, :, 0, 0].astype(np.int64)


def potentials(graph: Graph, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The membrane potentials of all neurons that have one, by node: int64 ``[N, T, C, H, W]``.

    ``tensors`` is what :func:`trace` gave: what the neurons read.
    """
    return {node.name: POTENTIALS[type(node.op)](
                node.op, torch.from_numpy(tensors[node.inputs[0]])).numpy()
            for node in graph.nodes if type(node.op) in POTENTIALS}


def accuracy(graph: Graph, images: np.ndarray, labels: np.ndarray) -> float:
    """The fraction of images whose greatest logit, the first of equals, is their label's."""
    if len(images) != len(labels):
        raise ValueError(f"There are {len(labels)} labels for {len(images)} images")
    if not len(images):
        raise ValueError("There are no images to be right about")
    return float((logits(graph, images).argmax(1) == labels).mean())


def image_shape(graph: Graph) -> tuple[int, ...]:
    """Channels, height and width of an image; time steps before them if it has several."""
    return graph.image.shape[1:] if graph.image.steps == 1 else graph.image.shape


@torch.inference_mode()
def _batches(graph: Graph, images: np.ndarray, names: set[str],
             device: torch.device) -> Iterator[tuple[int, dict[str, Tensor]]]:
    last_use = {name: i for i, node in enumerate(graph.nodes) for name in node.inputs}
    kinds = {name: _kind(kind.interval) for name, kind in graph.types.items()}
    batch = _batch(graph, device)
    for start in range(0, len(images), batch):
        part = torch.from_numpy(np.ascontiguousarray(images[start:start + batch])).to(device)
        alive = {IMAGE: part.reshape(-1, *graph.image.shape)}
        kept = {IMAGE: alive[IMAGE]} if IMAGE in names else {}
        for i, node in enumerate(graph.nodes):
            value = KERNELS[type(node.op)](node.op, *(alive[name] for name in node.inputs))
            _check_value(node.name, graph.types[node.name], value)
            # small integers are moved and multiplied fastest
            alive[node.name] = value = value.to(kinds[node.name])
            if node.name in names:
                kept[node.name] = value
            for name in {name for name in node.inputs if last_use[name] == i}:
                del alive[name]
        yield start, kept


def _batch(graph: Graph, device: torch.device) -> int:
    largest = max(kind.values for kind in graph.types.values())
    return BATCH if device.type != "cpu" else max(1, min(BATCH, BATCH_VALUES // largest))


def _kind(interval: Interval) -> torch.dtype:
    return getattr(torch, f"int{_size(interval)}")


def _size(interval: Interval) -> int:
    """Bits of the smallest signed type that holds the interval."""
    bits = interval.bits + (not interval.signed)
    return next(size for size in (8, 16, 32, 64) if bits <= size)


def _check_images(graph: Graph, images: np.ndarray) -> None:
    if images.dtype != np.uint8:
        raise TypeError(f"Images must be uint8, not {images.dtype}")
    shape = image_shape(graph)
    if images.shape[1:] != shape:
        raise ValueError(f"Graph {graph.name!r} takes images [N, {', '.join(map(str, shape))}], "
                         f"not {list(images.shape)}")
    if images.size and images.max() > graph.image.interval.high:
        raise ValueError(f"Graph {graph.name!r} takes pixels {graph.image.interval}, "
                         f"not {images.max()}; golden.data.in_levels makes such pixels")


def _check_value(name: str, kind: TensorType, value: Tensor) -> None:
    if tuple(value.shape[1:]) != kind.shape:
        raise ValueError(f"Node {name!r} made {list(value.shape[1:])}, not {list(kind.shape)}")
    low, high = extremes(value)
    if low < kind.interval.low or high > kind.interval.high:
        raise ValueError(f"Node {name!r} made {low}..{high}, outside {kind.interval}")


def _dtype(graph: Graph, name: str) -> np.dtype:
    if name == IMAGE:
        return np.dtype(np.uint8)
    return np.dtype(f"int{_size(graph.types[name].interval)}")
