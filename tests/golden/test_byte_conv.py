"""Convolutions of bytes against those of doubles."""

import gc
import weakref
from importlib import import_module

import numpy as np
import pytest
import torch
from torch.nn import functional

from golden.ops import byte_conv as module
from golden.ops.byte_conv import LARGEST, byte_conv, bytes_win
from golden.ops.conv import conv
from ir.ops import Conv
from tests.golden.kernels import run


@pytest.mark.parametrize("channels, outputs, kernel, stride, padding", [
    (20, 7, 3, 2, 0), (64, 16, 3, 1, 1), (1, 9, 3, 2, 1), (70, 160, 1, 1, 0), (16, 10, 5, 5, 2)])
def test_the_same_sums(channels, outputs, kernel, stride, padding):
    torch.manual_seed(channels)
    maps = torch.randint(0, LARGEST + 1, (3, 9, 8, channels), dtype=torch.uint8)
    weight = torch.randint(-128, 128, (outputs, channels, kernel, kernel), dtype=torch.int8)
    shift, bias = torch.randint(0, 3, (outputs,)), torch.randint(-5000, 5000, (outputs,))
    expected = functional.conv2d(
        maps.permute(0, 3, 1, 2).double(), weight.double(), stride=stride, padding=padding
    ) * (1 << shift).view(-1, 1, 1) + bias.view(-1, 1, 1)
    found = byte_conv(weight, bias.float(), (1 << shift).float(), stride, padding)(maps)
    assert found.dtype == torch.float32 and found.numel() > 0
    assert (found.permute(0, 3, 1, 2) == expected).all()


@pytest.mark.parametrize("low, high", [(0, 127), (0, 128), (-1, 127), (0, 255)])
@pytest.mark.parametrize("shift", [0, 3, 9])
@pytest.mark.parametrize("pad_value", [0, 5, 128])
@pytest.mark.parametrize("channels", [3, 40])
@pytest.mark.parametrize("wins", [False, True])
def test_wherever_bytes_end(low, high, shift, pad_value, channels, wins, monkeypatch):
    """Inputs at both sides of what bytes hold, sums at both sides of what float32 does."""
    monkeypatch.setattr(import_module("golden.ops.conv"), "bytes_win", lambda device: wins)
    rng = np.random.default_rng(high)
    x = rng.choice([low, high], (2, 1, channels, 4, 4))
    op = Conv(weight=rng.choice([-128, 127], (3, channels, 3, 3)), bias=np.array([1, -1, 0]),
              shift=np.array([0, shift, 0]), weight_bits=8, padding=1, pad_value=pad_value)
    padded = np.pad(x[:, 0], ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=pad_value)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    sums = np.einsum("nchwij,ocij->nohw", windows, op.weight)
    expected = (sums << op.shift[:, None, None]) + op.bias[:, None, None]
    found = run(op, x)[:, 0]
    assert found.size == 96 and (found == expected).all()


def test_without_such_products_floats_are_taken(monkeypatch):
    def missing(*_):
        raise AttributeError("no such operator")

    bytes_win.cache_clear()
    monkeypatch.setattr(module, "byte_conv", missing)
    assert not bytes_win(torch.device("cpu"))
    bytes_win.cache_clear()


def test_an_operator_is_freed_with_what_was_made_of_it():
    op = Conv(weight=np.ones((2, 40, 3, 3), int), bias=np.zeros(2, int), shift=np.zeros(2, int),
              weight_bits=8)
    conv(op, torch.ones(1, 1, 40, 3, 3, dtype=torch.int8))
    conv(op, torch.full((1, 1, 40, 3, 3), -300))
    gone = weakref.ref(op)
    del op
    gc.collect()
    assert gone() is None
