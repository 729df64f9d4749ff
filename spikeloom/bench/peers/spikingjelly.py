"""The same float network in SpikingJelly, multi-step, as its own models are written."""

import torch
from torch import Tensor, nn

from golden.layers import (
    Add,
    Concat,
    Conv,
    Lif,
    MaskAttention,
    Repeat,
    SelfAttention,
    Slice,
    TimeSum,
    TokenSum,
)
from golden.layers import MaxPool as MaxPoolLayer
from golden.net import Net
from ir import IMAGE

__all__ = ["Twin"]


class Twin(nn.Module):
    """What ``net`` computes in evaluation, from SpikingJelly's layers in step mode ``m``.

    Convolution, batch norm and neurons are modules of their own, as users of the library have
    them; the image is repeated over time before the first layer, where ``net`` repeats it too.

    Raises ValueError for a layer that this has no counterpart of.
    """

    def __init__(self, net: Net):
        super().__init__()
        self.net = net
        self.parts = nn.ModuleDict({name: _part(layer) for name, layer in net.named_layers()})
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[N, classes]`` of uint8 images ``[N, C, H, W]``; the state is reset first."""
        from spikingjelly.activation_based.functional import reset_net

        reset_net(self.parts)
        image = self.net.encode(images).permute(0, 1, 4, 2, 3).contiguous()
        alive = {IMAGE: image.expand(self.net.steps, *image.shape[1:]) if len(image) == 1
                 else image}
        x = image
        for name, part in self.parts.items():
            x = part(*(alive[each] for each in self.net.inputs[name]))
            alive[name] = x
        return x[0, :, :, 0, 0]


def _part(layer: nn.Module) -> nn.Module:
    if isinstance(layer, Conv):
        return _convolution(layer)
    if isinstance(layer, Lif):
        return _neurons(layer)
    if isinstance(layer, MaxPoolLayer):
        return _pool(layer)
    if isinstance(layer, SelfAttention):
        return _Attention(layer)
    if isinstance(layer, Slice):
        return _Channels(layer)
    simple = {Add: _Sum, Concat: _Together, MaskAttention: _Masks, Repeat: _Already,
              TimeSum: _TimeMean, TokenSum: _TokenMean}
    if type(layer) not in simple:
        raise ValueError(f"SpikingJelly's twin has no {type(layer).__name__}")
    return simple[type(layer)]()


@torch.no_grad()
def _convolution(own: Conv) -> nn.Module:
    from spikingjelly.activation_based import layer

    outputs, inputs = own.weight.shape[:2]
    conv = layer.Conv2d(inputs, outputs, own.kernel, own.stride, own.padding,
                        bias=not own.norm, step_mode="m")
    conv.weight.copy_(own.weight)
    if not own.norm:
        assert conv.bias is not None
        conv.bias.copy_(torch.zeros(outputs) if own.bias is None else own.bias)
        return conv
    norm = layer.BatchNorm2d(outputs, step_mode="m")
    for theirs, ours in (("weight", own.gain), ("bias", own.bias), ("running_mean", own.mean),
                         ("running_var", own.variance)):
        getattr(norm, theirs).copy_(ours)
    return nn.Sequential(conv, norm)


def _neurons(own: Lif) -> nn.Module:
    from spikingjelly.activation_based import neuron

    if own.threshold.numel() != 1 or own.strict or not own.decay_input:
        raise ValueError("SpikingJelly's twin takes neurons of one threshold that decay their "
                         "input")
    return neuron.LIFNode(tau=own.tau, v_threshold=float(own.threshold), v_reset=0.0,
                          detach_reset=True, step_mode="m")


def _pool(own: MaxPoolLayer) -> nn.Module:
    from spikingjelly.activation_based import layer

    spec = own.op()
    return layer.MaxPool2d(spec.kernel, spec.stride, spec.padding, step_mode="m")


class _Sum(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class _Together(nn.Module):
    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.cat([a, b], 2)


class _Channels(nn.Module):
    def __init__(self, own: Slice):
        super().__init__()
        self.spec = own.spec

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.spec.start:self.spec.stop]


class _Already(nn.Module):
    """The image came repeated."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class _TimeMean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(0, keepdim=True)


class _TokenMean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((3, 4), keepdim=True)


class _Masks(nn.Module):
    """Spike-driven attention: queries by the spikes of summed key-value products."""

    def __init__(self):
        from spikingjelly.activation_based import neuron

        super().__init__()
        self.neurons = neuron.LIFNode(tau=2.0, v_threshold=0.5, v_reset=0.0, detach_reset=True,
                                      step_mode="m")

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = x.chunk(3, dim=2)
        return query * self.neurons((key * value).sum((3, 4), keepdim=True))


class _Attention(nn.Module):
    def __init__(self, own: SelfAttention):
        super().__init__()
        self.spec, self.scale = own.spec, own.scale

    def forward(self, x: Tensor) -> Tensor:
        heads, (height, width) = self.spec.heads, x.shape[3:]
        size = x.shape[2] // self.spec.parts
        # [T, N, heads, d, tokens]
        query, key, value = (
            part.flatten(3).unflatten(2, (heads, -1))
            for part in x.split((size, size, self.spec.value_ratio * size), dim=2))
        out = (value @ (key.transpose(-1, -2) @ query)) * self.scale
        return out.flatten(2, 3).unflatten(3, (height, width))
