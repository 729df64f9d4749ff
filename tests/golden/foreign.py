"""Models of SpikingJelly, and nets of its layers as a user writes them."""

from types import SimpleNamespace

import numpy as np
import torch
from spikingjelly.activation_based import functional, layer, neuron
from spikingjelly.activation_based.model.maxformer import MaxFormer
from spikingjelly.activation_based.model.qkformer import QKFormer
from spikingjelly.activation_based.model.spike_dhs import SpikeDHS
from spikingjelly.activation_based.model.spike_driven_transformer import SpikeDrivenTransformer
from spikingjelly.activation_based.model.spikformer import Spikformer
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from golden.capture.capture import encoded, run
from golden.net import Net

__all__ = ["LIBRARY", "USERS", "compare", "dyadic", "images", "simple"]


def images(size: int, count: int = 8, channels: int = 3) -> np.ndarray:
    shape = (count, channels, size, size)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


@torch.no_grad()
def dyadic(model: nn.Module, seed: int = 0) -> nn.Module:
    """Random weights and batch norms with few bits, so that floats add them without rounding."""
    rng = torch.Generator().manual_seed(seed)

    def draw(like: Tensor, low: int, high: int, unit: float) -> Tensor:
        return torch.randint(low, high + 1, like.shape, generator=rng) * unit

    for part in model.modules():
        if isinstance(part, _BatchNorm):
            part.eps = 0.0
            part.running_var = torch.ones_like(part.weight)
            part.running_mean = draw(part.weight, -4, 4, 1 / 16)
            part.weight.copy_(2.0 ** draw(part.weight, -1, 1, 1)
                              * (1 - 2 * (draw(part.weight, 0, 7, 1) == 0).float()))
            part.bias.copy_(draw(part.bias, 4, 20, 1 / 16))
        elif isinstance(part, nn.Conv1d | nn.Conv2d | nn.Linear):
            size = 2.0 ** round(np.log2(24 / part.weight[0].numel()) / 2)
            part.weight.copy_(draw(part.weight, -8, 8, size / 16))
            if part.bias is not None:
                part.bias.copy_(draw(part.bias, 4, 12, 1 / 16))
    return model


@torch.no_grad()
def compare(model: nn.Module, net: Net, pixels: np.ndarray, steps: int | None = None
            ) -> tuple[Tensor, Tensor, dict[str, tuple[Tensor, Tensor]]]:
    """Logits of both, and the spikes of every layer of neurons that both have by one name."""
    ours: dict[str, Tensor] = {}
    theirs: dict[str, list[Tensor]] = {}
    batch = torch.from_numpy(pixels)
    logits = net.eval()(batch, lambda name, x: ours.__setitem__(name, x.clone()))

    def hook(name: str):
        return lambda module, args, result: theirs.setdefault(name, []).append(result)

    hooks = [part.register_forward_hook(hook(_named(name)))
             for name, part in model.named_modules()
             if _named(name) in ours and hasattr(part, "surrogate_function")]
    functional.reset_net(model)
    wanted = run(model.eval(), encoded(batch, net.encoding), steps)
    for each in hooks:
        each.remove()
    spikes = {}
    for name, steps_ in theirs.items():
        found = steps_[0] if len(steps_) == 1 else torch.stack(steps_)
        mine = ours[name].movedim(-1, 2)
        spikes[name] = mine, found.reshape(mine.shape)
    return logits, wanted.mean(0) if wanted.ndim == 3 else wanted, spikes


def _named(path: str) -> str:
    """The name of a module's layer."""
    return ("layer_" if path[:1].isdigit() else "") + path.replace(".", "_")


def _spike_dhs() -> nn.Module:
    # its head is fixed to 576 channels: 4 times the filters of 3 blocks
    size = SimpleNamespace(fea_step=3, fea_num_layers=8, fea_block_multiplier=3,
                           fea_filter_multiplier=48)
    model = SpikeDHS(3, size)
    functional.set_step_mode(model, "m")
    return model


LIBRARY = {
    "Spikformer": (16, lambda: Spikformer(T=4, img_size_h=16, img_size_w=16, patch_size=4,
                                          num_classes=10, embed_dims=32, num_heads=4, depths=2)),
    "Spikformer, large patches": (32, lambda: Spikformer(
        T=2, img_size_h=32, img_size_w=32, num_classes=10, embed_dims=64, num_heads=1, depths=1)),
    "SpikeDrivenTransformer": (16, lambda: SpikeDrivenTransformer(
        T=4, num_classes=10, embed_dims=32, num_heads=4, depths=2, pooling_stat="0011")),
    "SpikeDrivenTransformer, parametric": (8, lambda: SpikeDrivenTransformer(
        T=2, num_classes=10, embed_dims=16, num_heads=2, depths=1, pooling_stat="0001",
        mlp_ratio=1, spiking_neuron=neuron.ParametricLIFNode)),
    "QKFormer": (32, lambda: QKFormer(T=4, num_classes=10, embed_dims=32, num_heads=(2, 2, 1),
                                      depths=(1, 1, 1))),
    "QKFormer, channels": (32, lambda: QKFormer(T=2, num_classes=10, embed_dims=32,
                                                num_heads=(2, 2, 1), depths=(1, 1, 1),
                                                qka_type="channel")),
    "MaxFormer": (16, lambda: MaxFormer(T=4, num_classes=10, embed_dims=32, depths=(1, 1, 1))),
    "MaxFormer, CIFAR": (16, lambda: MaxFormer(T=2, num_classes=10, embed_dims=32,
                                               depths=(1, 1, 1), cifar=True)),
    "SpikeDHS": (4, _spike_dhs),
}
"""The library's own classes, with the size of their images."""


def simple(mode: str, make=neuron.IFNode, **options) -> nn.Sequential:
    """Convolutions, pools and linear layers, as in SpikingJelly's tutorials; images 16x16."""
    def conv(inputs: int) -> list[nn.Module]:
        return [layer.Conv2d(inputs, 8, 3, padding=1, bias=False, step_mode=mode),
                layer.BatchNorm2d(8, step_mode=mode), make(step_mode=mode, **options)]
    return nn.Sequential(
        *conv(3), layer.MaxPool2d(2, 2, step_mode=mode),
        *conv(8), layer.AvgPool2d(2, 2, step_mode=mode),
        layer.Flatten(step_mode=mode), layer.Dropout(0.5, step_mode=mode),
        layer.Linear(8 * 16, 20, step_mode=mode), make(step_mode=mode, **options),
        layer.Linear(20, 40, step_mode=mode), make(step_mode=mode, **options),
        layer.VotingLayer(4, step_mode=mode))


class Loop(nn.Module):
    """Goes from time step to time step itself."""

    def __init__(self, inplace: bool):
        super().__init__()
        self.net, self.inplace = simple("s", neuron.LIFNode, v_reset=None), inplace

    def forward(self, x: Tensor) -> Tensor:
        if not self.inplace:
            return sum((self.net(x) for _ in range(4)), torch.zeros(()))
        total = self.net(x).clone()
        for _ in range(3):
            total += self.net(x)
        return total / 4


class Parallel(nn.Module):
    """Parallel spiking neurons, and global pooling."""

    def __init__(self, neurons: nn.Module):
        super().__init__()
        self.conv = layer.SeqToANNContainer(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.neurons = neurons
        self.pool = layer.SeqToANNContainer(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = layer.Linear(8, 10, step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(0).repeat(4, 1, 1, 1, 1)
        return self.head(self.pool(self.neurons(self.conv(x)))).mean(0)


class Mixture(nn.Module):
    """Containers, groups, concatenation, enlargement, other neurons, tokens before channels."""

    def __init__(self):
        super().__init__()
        self.first = layer.MultiStepContainer(nn.Conv2d(3, 8, 3, padding=1),
                                              neuron.LIFNode(v_threshold=0.5, v_reset=-0.5))
        self.groups = layer.Conv2d(8, 8, 1, groups=4, step_mode="m")
        self.lif = neuron.LIFNode(decay_input=False, v_threshold=0.5, step_mode="m",
                                  surrogate_function=Above())
        self.up = layer.SeqToANNContainer(nn.Upsample(scale_factor=2))
        self.scale = nn.Parameter(torch.arange(1, 17.0).view(16, 1, 1) / 4)
        self.head = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(4, *x.shape)
        a = self.first(x)
        b = self.lif(self.groups(a))
        c = self.up(torch.cat([a, b], 2)) * self.scale
        c = c + torch.cat([functional.multi_step_forward(self.up(a), nn.Identity()),
                           self.up(b)], dim=2)
        return self.head(c.flatten(3).permute(0, 1, 3, 2)).sum(2).mean(0)


class Attend(nn.Module):
    """Self-attention of one's own, in any order, on values as wide as one likes; a neck of static
    currents beside it, and a head that reads whole maps with channels last."""

    def __init__(self, order: str, ratio: int = 1):
        super().__init__()
        self.order, self.ratio = order, ratio
        self.stem = layer.Conv2d(3, 8, 3, stride=2, padding=1, step_mode="m")
        self.lif = neuron.LIFNode(step_mode="m", v_threshold=0.5)
        self.query, self.key, self.value = (nn.Linear(8, width) for width in (8, 8, 8 * ratio))
        self.fires = nn.ModuleList(neuron.LIFNode(step_mode="m", v_threshold=0.5)
                                   for _ in range(3))
        self.last = neuron.LIFNode(step_mode="m", v_threshold=2.0)
        self.head = nn.Linear(8 * ratio * 64, 10)
        self.neck = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        static = self.stem(x.unsqueeze(0).repeat(4, 1, 1, 1, 1))
        # [T, N, tokens, channels], then heads of 4
        tokens = self.lif(static).flatten(3).transpose(2, 3)
        q, k, v = (fire(make(tokens)).unflatten(-1, (2, -1)).transpose(2, 3) for fire, make in zip(
            self.fires, (self.query, self.key, self.value), strict=True))
        if self.order == "(QK)V":
            y = (q @ k.mT) @ v
        elif self.order == "Q(KV)":
            y = q @ (k.mT @ v)
        elif self.order == "V(KQ)":
            y = (v.mT @ (k @ q.mT)).transpose(-1, -2)
        else:
            y = ((v.mT @ k) @ q.mT).swapaxes(-1, -2)
        y = self.last(y.mT * 0.25).permute(0, 1, 4, 2, 3).flatten(2)
        neck = static.sum(0).flatten(2).mean(-1) / 4
        return self.head(y).mean(0) + self.neck(neck)


class Above(nn.Module):
    """A surrogate function that fires above the threshold, not at it."""

    def forward(self, x: Tensor) -> Tensor:
        return (x > 0).to(x)


@torch.no_grad()
def _weighed(neurons: nn.Module) -> nn.Module:
    values = torch.linspace(-1, 2, neurons.weight.numel()).reshape(neurons.weight.shape)
    neurons.weight.copy_((values * 8).round() / 8)
    return neurons


USERS = {
    "several steps": (lambda: simple("m"), 4),
    "one step": (lambda: simple("s"), 4),
    "leaky": (lambda: simple("m", neuron.LIFNode, tau=4.0, decay_input=False), 4),
    "parametric": (lambda: simple("s", neuron.ParametricLIFNode, init_tau=2.0), 4),
    "integer": (lambda: simple("m", neuron.ILIFNode), 4),
    "own loop": (lambda: Loop(False), None),
    "own loop, in place": (lambda: Loop(True), None),
    "PSN": (lambda: Parallel(_weighed(neuron.PSN(4))), None),
    "masked PSN": (lambda: Parallel(_weighed(neuron.MaskedPSN(2, 4, 1.0, step_mode="m"))), None),
    "masked PSN, half": (lambda: Parallel(_weighed(neuron.MaskedPSN(2, 4, 0.5,
                                                                    step_mode="m"))), None),
    "sliding PSN": (lambda: Parallel(_weighed(neuron.SlidingPSN(2, step_mode="m"))), None),
    "sliding PSN, long": (lambda: Parallel(_weighed(neuron.SlidingPSN(8, step_mode="m"))), None),
    "mixture": (Mixture, None),
    "attention (QK)V": (lambda: Attend("(QK)V"), None),
    "attention Q(KV)": (lambda: Attend("Q(KV)", 2), None),
    "attention V(KQ)": (lambda: Attend("V(KQ)", 2), None),
    "attention (VK)Q": (lambda: Attend("(VK)Q"), None),
}
"""Nets of its layers, and the time steps they are given; images 16x16."""

