"""Weights that many networks share: each is a slice, the leading channels of every layer."""

import torch
from torch import Generator, Tensor, nn
from torch.func import functional_call

from golden.layers import settle
from golden.net import Net
from golden.supernet.ranges import Point, Ranges
from golden.zoo.searched import searched

__all__ = ["Supernet"]

SETTLING = 128
"""Images of a batch that a subnet's batch norms settle on."""


class Supernet(nn.Module):
    """All networks of some ranges, with entangled weights.

    The weights of a smaller layer are part of the greater one's, as in AutoFormer (Chen et al.,
    ICCV 2021, arXiv 2107.00651) and Auto-Spikformer (Che et al., arXiv 2306.00807). In training
    each call runs another network, drawn by seed and count of calls, so that one training gives
    weights to all of them. Batch norms use the batch's own statistics: :meth:`subnet` settles
    those of the network that is taken out.

    Parameters
    ----------
    ranges : Ranges
    seed : int
        Of the initial weights, and of the networks that are drawn.
    """

    calls: Tensor

    def __init__(self, ranges: Ranges, seed: int = 0):
        super().__init__()
        self.ranges, self.seed = ranges, seed
        self.shared = nn.ParameterDict()
        for mixer in ranges.mixer:
            point = ranges.extreme(True)
            point |= {name: mixer for name in point if name.startswith("mixer")}
            for name, value in searched(**ranges.arguments(point), seed=seed).named_parameters():
                self.shared.setdefault(_key(name), nn.Parameter(value.detach().clone()))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def forward(self, images: Tensor) -> Tensor:
        point = self.ranges.extreme(True)
        if self.training:
            point = self.ranges.sample(Generator().manual_seed((self.seed << 32) + int(self.calls)))
            self.calls += 1
        net = searched(**self.ranges.arguments(point)).train()
        slices = {name: self._slice(name, value) for name, value in net.named_parameters()}
        return functional_call(net, slices, (images,))

    def _slice(self, name: str, like: Tensor) -> Tensor:
        """The part of a shared tensor that a network's own has."""
        shared, parts = self.shared[_key(name)], 3 if "_qkv." in name else 1
        shared = shared.unflatten(0, (parts, -1))[:, :len(like) // parts].flatten(0, 1)
        return shared[:, :like.shape[1]] if like.ndim == 4 else shared

    @torch.no_grad()
    def subnet(self, point: Point, images: Tensor) -> Net:
        """The network of a point, its batch norms settled on uint8 images ``[N, C, H, W]``."""
        net = searched(**self.ranges.arguments(point))
        for name, value in net.named_parameters():
            value.copy_(self._slice(name, value))
        settle(net, images, batch=SETTLING)
        return net.eval()


def _key(name: str) -> str:
    """A parameter's name as a ParameterDict takes it."""
    return name.removeprefix("layers.").replace(".", "/")
