"""What cannot be captured is named, with its place in the model and the reason."""

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import layer, neuron
from spikingjelly.activation_based.functional import multi_step_forward
from torch import nn
from torch.nn import functional

from golden.capture import CaptureError, capture
from tests.golden.foreign import dyadic, images, simple


class Body(nn.Module):
    """A stem of neurons, ``inside`` in the middle, and a head; ``work`` is what is done there."""

    def __init__(self, inside=None, work=None):
        super().__init__()
        self.stem = layer.SeqToANNContainer(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8))
        self.lif = neuron.LIFNode(step_mode="m")
        self.inside = inside or nn.Identity()
        self.work = work or (lambda body, x: body.inside(x))
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.lif(self.stem(x.unsqueeze(0).repeat(4, 1, 1, 1, 1)))
        return self.head(self.work(self, x).flatten(3).mean(-1)).mean(0)


class Softmax(nn.Module):
    def forward(self, x):
        q = x.flatten(3).transpose(-1, -2)
        return (functional.softmax(q @ q.transpose(-1, -2), -1) @ q).mT.reshape(x.shape)


class Gate(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x.mean((-1, -2), keepdim=True))


class Decides(nn.Module):
    def forward(self, x):
        return x * 2 if x.any() else x


class Position(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.linspace(0, 1, 8 * 64).view(8, 8, 8))

    def forward(self, x):
        return x + self.table


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.lif = neuron.LIFNode(step_mode="m")

    def forward(self, x):
        return self.lif(self.lif(x))


class OwnLif(neuron.LIFNode):
    def single_step_functional_forward(self, inputs, states, **kwargs):
        return super().single_step_functional_forward((inputs[0] * 2,), states)


class Within(nn.Module):
    """Fires half: no spikes of 0 or 1."""

    def forward(self, x):
        return (x >= 0).to(x) / 2


def _stale(body, x):
    view = x.flatten(3)
    x += 1
    return view.reshape(x.shape)


CONSTANT = "inside: a constant is added or multiplied that is not one per channel"

REFUSED = {
    "softmax": (lambda: Body(Softmax()),
                "inside: softmax has no integer form here"),
    "layer norm": (lambda: Body(nn.LayerNorm([8, 8, 8])),
                   "inside: a layer norm's scale depends on the data"),
    "group norm": (lambda: Body(layer.GroupNorm(2, 8, step_mode="m")),
                   "inside: a group norm's scale depends on the data"),
    "gate by data": (lambda: Body(Gate()), "inside: a sigmoid's gate depends on the data"),
    "control by data": (lambda: Body(Decides()), "inside: the values of a tensor decide"),
    "positional table": (lambda: Body(Position()), CONSTANT),
    "norm by step": (lambda: Body(_tebn()), CONSTANT),
    "norm of the batch": (lambda: Body(layer.BatchNorm2d(8, step_mode="m",
                                                         track_running_stats=False)),
                          "inside: a batch norm without running statistics"),
    "other neurons": (lambda: Body(neuron.KLIFNode(step_mode="m")),
                      "inside: KLIFNode keeps a state between time steps"),
    "a filter of synapses": (lambda: Body(layer.SynapseFilter(step_mode="m")),
                             "inside: SynapseFilter keeps a state between time steps"),
    "an own neuron": (lambda: Body(OwnLif(step_mode="m")),
                      "inside: OwnLif overrides what its neuron computes"),
    "soft spikes": (lambda: Body(neuron.LIFNode(step_mode="m", surrogate_function=Within())),
                    "inside: LIFNode does not fire 0 or 1: its surrogate function Within"),
    "a reset above the threshold": (lambda: Body(neuron.LIFNode(step_mode="m", v_reset=1.5)),
                                    "inside: LIFNode with v_threshold 1.0, not above its v_reset"),
    "shared neurons": (lambda: Body(Twice()), "inside.lif: LIFNode runs twice on one image"),
    "mixed step modes": (lambda: Body(neuron.LIFNode(step_mode="s")),
                         r"inside: LIFNode \(step mode 's'\) does not get one time step after"),
    "an oblong kernel": (lambda: Body(layer.Conv2d(8, 8, (1, 3), padding=(0, 1), step_mode="m")),
                         "inside: kernel .1, 3. differs between the directions"),
    "holes in a kernel": (lambda: Body(layer.Conv2d(8, 8, 3, padding=2, dilation=2,
                                                    step_mode="m")),
                          "inside: a dilated convolution"),
    "other padding": (lambda: Body(layer.Conv2d(8, 8, 3, padding=1, padding_mode="circular",
                                                step_mode="m")),
                      "inside: pad is no function that a circuit can compute"),
    "bilinear": (lambda: Body(layer.Upsample(scale_factor=2, mode="bilinear", step_mode="m")),
                 "inside: bilinear interpolation; only nearest"),
    "an odd enlargement": (lambda: Body(layer.Upsample(size=(12, 12), step_mode="m")),
                           r"inside: interpolation of \(8, 8\) to \(12, 12\)"),
    "border of an average": (lambda: Body(layer.SeqToANNContainer(
        nn.AvgPool2d(3, 1, 1, count_include_pad=False))),
        "inside.0: average pooling whose divisor differs at the border"),
    "relu": (lambda: Body(nn.ReLU()), "inside: relu is no function that a circuit can compute"),
    "currents times currents": (lambda: Body(work=lambda body, x: (x + x) * (x + x)),
                                "a product of two tensors of which none is spikes"),
    "a difference": (lambda: Body(work=lambda body, x: (1 - x) * x),
                     "a tensor is taken off a constant"),
    "channels in steps": (lambda: Body(work=lambda body, x: x[:, :, ::2].repeat(1, 1, 2, 1, 1)),
                          "channels of its output are read that do not lie side by side"),
    "a class token": (lambda: Body(work=lambda body, x: x[..., :1, :1]),
                      "only some positions of its output are read"),
    "the last step": (lambda: Body(work=lambda body, x: x[-1:]),
                      r"is computed at time steps \[3\] of 4|sums over a part|1 of 4"),
    "images mixed": (lambda: Body(work=lambda body, x: x - x.mean(1, keepdim=True)),
                     "the model itself: mixes the images of a batch"),
    "changed in place": (lambda: Body(work=_stale),
                         "a tensor is read that was changed in place through another"),
    "time steps swapped": (lambda: Body(nn.Identity(), lambda body, x: x.flip(0) + x),
                           "adds tensors of different time steps"),
}


def _tebn() -> nn.Module:
    norm = layer.TemporalEffectiveBatchNorm2d(4, 8)
    torch.nn.init.normal_(norm.scale)
    return norm


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_place_and_reason(name):
    make, message = REFUSED[name]
    model = make().eval()
    with pytest.raises(CaptureError, match=message):
        capture(model, images(8))
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())


def test_what_is_refused_is_all_there_is_to_it():
    assert len(capture(dyadic(Body()), images(8)).layers) == 6
    away = Body(work=lambda body, x: multi_step_forward(x, nn.Identity()))
    assert len(capture(dyadic(away), images(8)).layers) == 6


def test_products_that_are_no_attention():
    """As many tokens as channels, so that torch takes either for the other."""
    def work(body, x):
        q = x.flatten(3)
        return ((q @ q.mT) @ q.mT).reshape(x.shape)

    with pytest.raises(CaptureError, match="neither Q .K.T V. nor .Q K.T. V"):
        capture(Body(work=work), np.zeros((2, 3, 2, 4), np.uint8))


def test_steps_that_are_left_out():
    with pytest.raises(ValueError, match="expected x with shape") as error:
        capture(simple("m"), images(16))
    assert "give steps" in error.value.__notes__[0]
    with pytest.raises(ValueError, match="Event frames have their own time steps"):
        capture(simple("m"), np.zeros((2, 4, 3, 16, 16), np.uint8), steps=4)


def test_models_without_logits():
    with pytest.raises(CaptureError, match="the model itself: returns .*, not logits"):
        capture(nn.Conv2d(3, 8, 3), images(8))
    with pytest.raises(CaptureError, match="the model itself: does not return logits that its"):
        capture(Constant(), images(8))


class Constant(nn.Module):
    def forward(self, x):
        return torch.zeros(len(x), 10)


def test_arguments():
    with pytest.raises(TypeError, match="A torch module can be captured, not str"):
        capture("model", images(8))  # pyright: ignore
    with pytest.raises(ValueError, match=r"Images must be uint8 \[N, C, H, W\]"):
        capture(Body(), images(8) / 255)
    with pytest.raises(ValueError, match="Encoding mean has 2 values for 3 channels"):
        capture(Body(), images(8), mean=(0.5, 0.5))
