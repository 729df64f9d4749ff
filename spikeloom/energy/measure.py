"""Operations of a network on a data set, a batch of images at a time."""

from collections.abc import Callable, Mapping

import numpy as np

from golden import run
from hdl.ops import Folding
from ir import Graph
from spikeloom.energy.network import Energy, model_energy
from spikeloom.energy.operations import COUNTED

__all__ = ["count_energy"]

BATCH = 100
"""Images at a time: bounds memory, no influence on results."""


def count_energy(graph: Graph, images: np.ndarray, *,
                 foldings: Mapping[str, Folding] | None = None,
                 progress: Callable[[int, int], None] | None = None) -> Energy:
    """Run the integer network on images uint8 ``[N, C, H, W]`` and count; simulates nothing.

    With the ``foldings`` of a circuit, weights are counted as that one reads them. Raises
    ValueError without images, or for images that the network does not take.
    """
    if not len(images):
        raise ValueError("There are no images to count operations on: at least one is needed")
    read = [node.inputs[0] for node in graph.nodes if type(node.op) in COUNTED]
    energy: Energy | None = None
    for start in range(0, len(images), BATCH):
        part = model_energy(graph, run.trace(graph, images[start:start + BATCH], keep=read),
                            foldings)
        energy = part if energy is None else energy.joined(part)
        if progress is not None:
            progress(min(start + BATCH, len(images)), len(images))
    assert energy is not None, "there was at least one batch"
    return energy
