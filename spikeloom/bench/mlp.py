"""Small classifiers for tools without spikes: trained in a minute, used as integers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from golden.data import Dataset

__all__ = ["Affine", "accuracy_of", "black_and_white", "logits_of", "train_int8", "train_ternary"]

SEED = 0
PIXEL_BITS = 7
"""What NNgen's signed 8 bits hold of a pixel."""

BRIGHT = 96
"""Least value of a white pixel where there are black and white ones only."""


@dataclass(frozen=True, kw_only=True)
class Affine:
    """``weight @ x + bias`` of integers; before the last layer also shifted and clipped.

    Parameters
    ----------
    weight : int array ``[out, in]``
    bias : int array ``[out]``
    shift : int
        Bits that fall off, rounded down.
    highest : int or None
        All outputs are 0 to this; None leaves them as they are.
    """

    weight: np.ndarray
    bias: np.ndarray
    shift: int = 0
    highest: int | None = None

    def __call__(self, x: np.ndarray) -> np.ndarray:
        out = x @ self.weight.T + self.bias >> self.shift
        return out if self.highest is None else np.clip(out, 0, self.highest)


def logits_of(layers: Sequence[Affine], pixels: np.ndarray) -> np.ndarray:
    """``[N, classes]`` of ``[N, pixels]``."""
    for layer in layers:
        pixels = layer(pixels)
    return pixels


def accuracy_of(layers: Sequence[Affine], pixels: np.ndarray, labels: np.ndarray) -> float:
    return float((logits_of(layers, pixels).argmax(1) == labels).mean())


def train_int8(data: Dataset, *, hidden: int, epochs: int) -> tuple[Affine, Affine]:
    """Two layers of 8-bit weights and activations on pixels of :data:`PIXEL_BITS` bits."""
    images = torch.from_numpy(data.train_images >> 8 - PIXEL_BITS).float() / (1 << PIXEL_BITS)
    torch.manual_seed(SEED)
    net = nn.Sequential(nn.Linear(images[0].numel(), hidden), nn.ReLU(),
                        nn.Linear(hidden, data.classes))
    _fit(net, images, data, epochs=epochs, batch=128, rates=(4e-3, 4e-3))
    first, second = net[0], net[2]
    assert isinstance(first, nn.Linear) and isinstance(second, nn.Linear)
    weight, scale = _int8(first.weight)
    scale *= 1 << PIXEL_BITS
    bias = np.round(_values(first.bias) * scale).astype(np.int64)
    pixels = (data.train_images >> 8 - PIXEL_BITS).reshape(len(images), -1).astype(np.int64)
    # The rarest sums are clipped: half of the range would be kept for them.
    shift = max(0, math.ceil(math.log2((pixels @ weight.T + bias).max() / 127)) - 1)
    last, last_scale = _int8(second.weight)
    last_bias = np.round(_values(second.bias) * last_scale * scale / (1 << shift))
    return (Affine(weight=weight, bias=bias + (1 << shift >> 1), shift=shift, highest=127),
            Affine(weight=last, bias=last_bias.astype(np.int64)))


def _values(parameter: Tensor) -> np.ndarray:
    return parameter.detach().numpy()


def _int8(weight: Tensor) -> tuple[np.ndarray, float]:
    """Integers, and what they are of the weights."""
    values = _values(weight)
    scale = 127 / float(np.abs(values).max())
    return np.round(values * scale).astype(np.int64), scale


def train_ternary(data: Dataset, *, hidden: int, inputs: int, share: float,
                  epochs: int) -> tuple[Affine, Affine]:
    """Two layers of weights -1, 0 and 1 on black and white pixels, with 2-bit activations.

    Every neuron of the first has ``inputs`` weights that are not 0, of the second their ``share``.
    """
    torch.manual_seed(SEED)
    net = _Ternary(data.train_images[0].size, hidden, data.classes, inputs, share)
    # A bias has to go as far as a whole spike more or less.
    _fit(net, torch.from_numpy(black_and_white(data.train_images)).float(), data, epochs=epochs,
         batch=256, rates=(2e-3, 2e-2))
    net.progress = 1.0
    first, second = net.weights()
    integers = [np.round(_values(each)).astype(np.int64)
                for each in (first, net.first_bias, second, net.second_bias)]
    return (Affine(weight=integers[0], bias=integers[1], shift=net.SHIFT, highest=net.HIGHEST),
            Affine(weight=integers[2], bias=integers[3]))


def black_and_white(images: np.ndarray) -> np.ndarray:
    """1 where a pixel is bright."""
    return (images >= BRIGHT).astype(np.int64)


class _Ternary(nn.Module):
    """Computes the integers' own values all along; gradients pass through the rounding."""

    SHIFT, HIGHEST = 1, 3

    def __init__(self, pixels: int, hidden: int, classes: int, inputs: int, share: float):
        super().__init__()
        self.first = nn.Parameter(torch.randn(hidden, pixels) / 10)
        self.second = nn.Parameter(torch.randn(classes, hidden) / 10)
        self.first_bias, self.second_bias = (nn.Parameter(torch.zeros(size))
                                             for size in (hidden, classes))
        self.gain = nn.Parameter(torch.tensor(0.15))
        self.inputs, self.share = inputs, share
        self.progress = 0.0
        """Of the training: weights are pruned little by little."""

    def weights(self) -> tuple[Tensor, Tensor]:
        left = (1 - min(1.0, self.progress / 0.6)) ** 3
        return (_largest_signs(self.first, min(1.0, self.inputs * (1 + 3 * left)
                                               / self.first.shape[1])),
                _largest_signs(self.second, self.share + (1 - self.share) * left))

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.weights()
        sums = (x @ first.T + _through(self.first_bias, self.first_bias.round())) / (
            1 << self.SHIFT)
        # Beyond the levels by half of one, so that a neuron can come back.
        soft = sums.clamp(-0.5, self.HIGHEST + 1)
        levels = _through(soft, sums.floor().clamp(0, self.HIGHEST))
        bias = _through(self.second_bias, self.second_bias.round())
        return (levels @ second.T + bias) * self.gain


def _through(value: Tensor, shown: Tensor) -> Tensor:
    """``shown``, with the gradient of ``value``."""
    return value + (shown - value).detach()


def _largest_signs(weight: Tensor, share: float) -> Tensor:
    """Signs of each row's largest weights, 0 for the rest."""
    size = weight.detach().abs()
    limit = size.topk(max(1, round(share * weight.shape[1])), dim=1).values[:, -1:]
    return _through(weight, weight.detach().sign() * (size >= limit))


def _fit(net: nn.Module, images: Tensor, data: Dataset, *, epochs: int, batch: int,
         rates: tuple[float, float]) -> None:
    """Adam, the rates of weights and biases up and down once; images are shifted by up to a pixel,
    in the last epoch by none."""
    labels = torch.from_numpy(data.train_labels)
    steps = epochs * (len(images) // batch)
    parts = [[value for name, value in net.named_parameters() if name.endswith("bias") == bias]
             for bias in (False, True)]
    optimizer = torch.optim.Adam([{"params": part} for part in parts])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, list(rates), steps)
    height, width = images.shape[2:]
    order = torch.empty(0, dtype=torch.int64)
    for step in range(steps):
        if len(order) < batch:
            order = torch.randperm(len(images))
        chosen, order = order[:batch], order[batch:]
        late = step >= steps - steps // epochs
        down, right = (1, 1) if late else torch.randint(0, 3, (2,)).tolist()
        moved = pad(images[chosen], (1, 1, 1, 1))[:, :, down:down + height, right:right + width]
        if isinstance(net, _Ternary):
            net.progress = step / steps
        optimizer.zero_grad()
        cross_entropy(net(moved.flatten(1)), labels[chosen]).backward()
        optimizer.step()
        schedule.step()
