"""What quantisation did to each layer."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from golden.net import Net
from golden.quantize.net import QuantizedNet
from golden.quantize.neurons import IntegerNeuron
from golden.quantize.weights import IntegerWeights

__all__ = ["LayerReport", "describe"]


@dataclass(frozen=True, kw_only=True)
class LayerReport:
    """One layer, on some images.

    Parameters
    ----------
    name, op : str
        Of the node, and of its operator's class.
    weight_bits : int or None
    low, high : int
        Least and greatest integer seen.
    spike_rate : float or None
        Mean of the integers, of layers that make spikes.
    agreement : float or None
        Fraction of what neurons fire that is the float network's; None for other layers.
    """

    name: str
    op: str
    weight_bits: int | None
    low: int
    high: int
    spike_rate: float | None
    agreement: float | None


@torch.no_grad()
def describe(net: Net, quantized: QuantizedNet,
             images: np.ndarray | Tensor) -> list[LayerReport]:
    """A report on every layer, from both networks' tensors on uint8 images."""
    batch = torch.as_tensor(images)
    graph = quantized.graph()
    found, wanted = ({}, {})
    quantized(batch, found.__setitem__)
    training = net.training
    net.eval()(batch, wanted.__setitem__)
    net.train(training)
    reports = []
    for node in graph.nodes:
        layer, x = quantized.layer(node.name), found[node.name]
        interval = graph.types[node.name].interval
        agreement = None
        if isinstance(layer, IntegerNeuron):
            real = wanted[node.name] * quantized.units[node.name].to(torch.float32)
            agreement = float(((x - real).abs() < 0.5).to(torch.float32).mean())
        reports.append(LayerReport(
            name=node.name, op=type(node.op).__name__,
            weight_bits=layer.bits if isinstance(layer, IntegerWeights) else None,
            low=int(x.min()), high=int(x.max()),
            spike_rate=float(x.mean()) if (interval.low, interval.high) == (0, 1) else None,
            agreement=agreement))
    return reports
