"""Whether a quantised network and its graph are one function."""

import numpy as np
import torch

from golden.quantize import QuantizedNet
from golden.run import trace
from ir.ops import LevelLif, Lif, ParallelNeuron

__all__ = ["count_equal"]


def count_equal(model: QuantizedNet, images: np.ndarray, *, least: float = 0.01,
                most: float = 0.6) -> int:
    """How many values of model and graph were compared; all of them must be equal.

    Neurons must fire at a mean rate between ``least`` and ``most``: silence would prove nothing.
    """
    graph = model.graph()
    expected = trace(graph, images)
    compared: dict[str, int] = {}

    def record(name: str, x: torch.Tensor) -> None:
        found = x.detach().permute(1, 0, 4, 2, 3).numpy()
        assert found.shape == expected[name].shape, name
        assert np.array_equal(found, expected[name]), name
        compared[name] = found.size

    with torch.no_grad():
        model(torch.from_numpy(images), record)
    assert compared.keys() | {"image"} == expected.keys()
    spikes = [expected[node.name] for node in graph.nodes
              if isinstance(node.op, LevelLif | Lif | ParallelNeuron)]
    assert least < np.mean([(values != 0).mean() for values in spikes]) < most
    return sum(compared.values())
