"""The re-parameterised convolution merges into one dense convolution, borders included."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.zoo.rep_conv import merge

INPUTS, OUTPUTS = 5, 7


class PaddedNorm(nn.Module):
    """A batch norm whose output is padded with what it makes of zero, as published."""

    def __init__(self, size: int):
        super().__init__()
        self.bn = nn.BatchNorm2d(size)

    def forward(self, x: Tensor) -> Tensor:
        zero = self.bn(torch.zeros(1, x.shape[1], 1, 1, dtype=x.dtype))
        return functional.pad(self.bn(x) - zero, (1, 1, 1, 1)) + zero


class RepConv(nn.Module):
    """The published layers under the published names."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, inputs, 1, bias=False), PaddedNorm(inputs),
            nn.Sequential(nn.Conv2d(inputs, inputs, 3, groups=inputs, bias=False),
                          nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def published(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    model = nn.Sequential(RepConv(INPUTS, OUTPUTS), nn.BatchNorm2d(OUTPUTS))
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            for tensor in (part.weight, part.bias, part.running_mean):
                nn.init.normal_(tensor)
            nn.init.uniform_(part.running_var, 0.3, 2)
    return model.eval()


@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_merged_it_is_the_same_everywhere(seed):
    model = published(seed).double()
    weight, bias = merge(model.state_dict())
    assert weight.shape == (OUTPUTS, INPUTS, 3, 3)
    spikes = torch.randint(2, (4, INPUTS, 6, 5), generator=torch.Generator().manual_seed(seed))
    expected = model(spikes.double())
    found = functional.conv2d(spikes.double(), weight.double(), bias.double(), padding=1)
    assert found.numel() == 4 * OUTPUTS * 6 * 5
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    # the border would differ if what is padded were zero
    assert float(bias.abs().min()) > 1e-3


@torch.no_grad()
def test_it_is_found_behind_a_prefix():
    model = nn.ModuleDict({"q_conv": published(0)})
    weight, bias = merge(model.state_dict(), "q_conv.")
    alone = merge(model["q_conv"].state_dict())
    assert torch.equal(weight, alone[0])
    assert torch.equal(bias, alone[1])
    with pytest.raises(KeyError, match="k_conv.0.body.0.weight"):
        merge(model.state_dict(), "k_conv.")
