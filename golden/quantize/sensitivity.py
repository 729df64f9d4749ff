"""How many bits each layer needs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from golden.layers import Weights
from golden.net import Net
from golden.quantize.convert import quantize
from golden.quantize.scheme import WEIGHT_BITS, Scheme

__all__ = ["Sensitivity", "mixed_precision", "sensitivity"]


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What fewer bits of single layers cost.

    Parameters
    ----------
    loss : float
        Cross-entropy with all layers at the most bits.
    rises : mapping of str to mapping of int to float
        By layer and bits: how much it rises when that layer alone has so few.
    weights : mapping of str to int
        Numbers of weights.
    """

    loss: float
    rises: Mapping[str, Mapping[int, float]]
    weights: Mapping[str, int]


def sensitivity(net: Net, images: Tensor, labels: Tensor,
                scheme: Scheme | None = None) -> Sensitivity:
    """Quantise each layer of weights alone to 4, 3 and 2 bits, all others to 8, and measure.

    ``images`` and ``labels`` are training images, some hundred; nothing is trained.
    """
    most = replace(scheme or Scheme(), weight_bits=max(WEIGHT_BITS), first_bits=None,
                   head_bits=None, layer_bits={})

    def loss(layer_bits: Mapping[str, int]) -> float:
        model = quantize(net, images, scheme=replace(most, layer_bits=layer_bits))
        with torch.no_grad():
            return float(functional.cross_entropy(model(images), labels))

    weights = {name: layer.weight.numel() for name, layer in net.named_layers()
               if isinstance(layer, Weights)}
    base = loss({})
    fewer = sorted(WEIGHT_BITS)[:-1]
    rises = {name: {bits: loss({name: bits}) - base for bits in fewer} for name in weights}
    return Sensitivity(loss=base, rises=rises, weights=weights)


def mixed_precision(found: Sensitivity, mean_bits: float, scheme: Scheme | None = None) -> Scheme:
    """A scheme of at most ``mean_bits`` bits per weight, for the least rise of the loss.

    From the most bits on, the layer that gives up bits for the least rise per bit saved goes
    first; rises are taken to add up.

    Raises ValueError for fewer bits than the least.
    """
    choices = sorted(WEIGHT_BITS)
    if not choices[0] <= mean_bits:
        raise ValueError(f"mean_bits must be at least {choices[0]}, not {mean_bits}")
    bits = dict.fromkeys(found.weights, choices[-1])
    allowed = mean_bits * sum(found.weights.values())
    while sum(bits[name] * count for name, count in found.weights.items()) > allowed:
        steps = [((_rise(found, name, fewer) - _rise(found, name, now))
                  / ((now - fewer) * found.weights[name]), name, fewer)
                 for name, now in bits.items() for fewer in choices if fewer < now]
        _, name, fewer = min(steps)
        bits[name] = fewer
    return replace(scheme or Scheme(), first_bits=None, head_bits=None, layer_bits=bits)


def _rise(found: Sensitivity, name: str, bits: int) -> float:
    return found.rises[name].get(bits, 0.0)
