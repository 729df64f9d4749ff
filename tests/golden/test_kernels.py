"""Kernels against the specs' docstrings, written out as loops."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from golden.ops import KERNELS
from golden.ops.products import exact_matmul
from ir.ops import (
    OPS,
    Add,
    Conv,
    Lif,
    MaskAttention,
    Repeat,
    Reset,
    SelfAttention,
    TimeSum,
    TokenSum,
)
from tests.golden.kernels import SPIKES, integers, run


def test_every_operator_has_a_kernel():
    assert set(KERNELS) == set(OPS)


@given(seed=st.integers(0, 999), kernel=st.sampled_from([1, 2, 3]), stride=st.integers(1, 3),
       pad=st.booleans(), shift=st.integers(0, 3), pad_value=st.integers(0, 9),
       steps=st.integers(1, 2))
def test_conv(seed, kernel, stride, pad, shift, pad_value, steps):
    padding = kernel // 2 if pad else 0
    x = integers(seed, 0, 255, 2, steps, 3, 5, 4)
    op = Conv(weight=integers(seed, -8, 7, 2, 3, kernel, kernel), weight_bits=4,
              bias=integers(seed, -500, 500, 2), shift=np.array([shift, 0]), stride=stride,
              padding=padding, pad_value=pad_value)
    height, width = ((size + 2 * padding - kernel) // stride + 1 for size in (5, 4))
    expected = np.empty((2, steps, 2, height, width), np.int64)
    for n, t, o, y, z in np.ndindex(expected.shape):
        total = 0
        for i, r, s in np.ndindex(3, kernel, kernel):
            row, column = y * stride - padding + r, z * stride - padding + s
            inside = 0 <= row < 5 and 0 <= column < 4
            total += int(op.weight[o, i, r, s]) * int(x[n, t, i, row, column] if inside
                                                      else pad_value)
        expected[n, t, o, y, z] = total * 2 ** int(op.shift[o]) + op.bias[o]
    assert (run(op, x) == expected).all()


@given(seed=st.integers(0, 999), steps=st.integers(1, 5), reset=st.sampled_from(Reset),
       leak=st.sampled_from([(1, 1, 2), (1, 2, 3), (3, 4, 7), (1, 2, 2)]))
def test_lif(seed, steps, reset, leak):
    keep, drive, divisor = leak
    threshold = integers(seed, 1, 9, 3)
    x = integers(seed, -20, 30, 2, steps, 3, 2, 2)
    # currents that end just at a threshold, and just below
    x[0, 0, :, 0, 0] = -(-divisor * threshold // drive)
    x[0, 0, :, 0, 1] = -(-divisor * threshold // drive) - 1
    op = Lif(threshold=threshold, keep=keep, drive=drive, divisor=divisor, reset=reset)
    expected = np.empty_like(x)
    for n, c, y, z in np.ndindex(2, 3, 2, 2):
        v = 0
        for t in range(steps):
            h = (keep * v + drive * int(x[n, t, c, y, z])) // divisor
            expected[n, t, c, y, z] = h >= threshold[c]
            if h >= threshold[c]:
                v = 0 if reset is Reset.TO_ZERO else h - int(threshold[c])
            else:
                v = h
    assert (run(op, x) == expected).all()


@given(seed=st.integers(0, 999), density=st.sampled_from([0.1, 0.5]))
def test_mask_attention(seed, density):
    x = (np.random.default_rng(seed).random((2, 2, 6, 2, 3)) < density).astype(np.int64)
    expected = np.empty((2, 2, 2, 2, 3), np.int64)
    for n, t, c, y, z in np.ndindex(expected.shape):
        mask = any(x[n, t, 2 + c, i, j] and x[n, t, 4 + c, i, j]
                   for i, j in np.ndindex(2, 3))
        expected[n, t, c, y, z] = x[n, t, c, y, z] and mask
    assert (run(MaskAttention(), x) == expected).all()


@given(seed=st.integers(0, 999), heads=st.sampled_from([1, 2, 4]), ratio=st.integers(1, 3),
       high=st.sampled_from([1, 4, 8]))
def test_self_attention_in_either_order(seed, heads, ratio, high):
    x = integers(seed, 0, high, 1, 2, 8 + 4 * ratio, 1, 3)
    tokens = x.reshape(1, 2, 8 + 4 * ratio, 3)
    query, key, value = tokens[:, :, :4], tokens[:, :, 4:8], tokens[:, :, 8:]
    d = 4 // heads
    e = ratio * d
    expected = np.zeros((1, 2, 4 * ratio, 3), np.int64)
    for n, t, h, j, i, at, m in np.ndindex(1, 2, heads, e, d, 3, 3):
        # (Q K^T) V, where the kernel computes Q (K^T V)
        expected[n, t, h * e + j, at] += (query[n, t, h * d + i, at] * key[n, t, h * d + i, m]
                                          * value[n, t, h * e + j, m])
    assert (run(SelfAttention(heads=heads, value_ratio=ratio), x)
            == expected.reshape(1, 2, 4 * ratio, 1, 3)).all()


def test_sums_repeats_and_additions():
    x, y = integers(0, -99, 99, 2, 3, 2, 2, 2), integers(1, -99, 99, 2, 3, 2, 2, 2)
    assert (run(Add(), x, y) == x + y).all()
    assert (run(TimeSum(), x) == x.sum(1, keepdims=True)).all()
    assert (run(TokenSum(), x) == x.sum((3, 4), keepdims=True)).all()
    assert (run(Repeat(steps=4), x[:, :1]) == np.repeat(x[:, :1], 4, 1)).all()


def test_small_types_do_not_overflow():
    x = np.full((1, 2, 1, 2, 2), 255, np.uint8)
    assert run(TokenSum(), x).max() == 1020
    assert run(TimeSum(), x).max() == 510
    assert run(Add(), x, x).max() == 510
    spikes = np.full((1, 1, 3, 20, 20), 1, np.int8)
    assert run(SelfAttention(), spikes).max() == 400


def test_products_of_bytes_are_exact_at_their_extremes():
    for extreme, weight in ((-128, -128), (127, -128), (-128, 127), (127, 127)):
        op = Conv(weight=np.full((3, 70, 1, 1), weight), bias=np.zeros(3, int),
                  shift=np.array([0, 0, 16]), weight_bits=8)
        sums = run(op, np.full((1, 1, 70, 5, 1), extreme))
        assert (sums[:, :, :2] == 70 * extreme * weight).all()
        assert (sums[:, :, 2] == 70 * extreme * weight << 16).all()


def test_products_beyond_float32_are_exact():
    a = torch.full((1, 3), (1 << 20) + 1)
    b = torch.tensor([[1 << 20], [1], [1 << 20]])
    assert int(exact_matmul(a, b)) == ((1 << 20) + 1) * ((1 << 21) + 1)
    # one above and below float32's exact integers
    assert int(exact_matmul(torch.tensor([[1 << 23, 1]]), torch.tensor([[2], [1]]))) == 16777217


def test_products_that_float64_cannot_hold_are_refused():
    with pytest.raises(OverflowError, match=r"could reach 9007199254740992, which is not below"):
        exact_matmul(torch.tensor([[1 << 26]]), torch.tensor([[1 << 27]]))


ONE = Conv(weight=np.ones((1, 1, 1, 1), int), bias=np.zeros(1, int), shift=np.zeros(1, int),
           weight_bits=2)


@pytest.mark.parametrize(("op", "inputs", "error", "message"), [
    (TokenSum(), [SPIKES.float()], TypeError, "TokenSum takes integers, not torch.float32"),
    (ONE, [SPIKES.double()], TypeError, "Conv takes integers, not torch.float64"),
    (TimeSum(), [SPIKES[0]], ValueError, r"TimeSum takes \[N, T, C, H, W\], not 4 axes"),
    (MaskAttention(), [SPIKES + 2], ValueError, "MaskAttention takes spikes 0 and 1, not 2"),
    (SelfAttention(), [SPIKES - 1], ValueError, "SelfAttention takes counts from 0, not -1"),
    (MaskAttention(), [SPIKES[:, :, :4]], ValueError, "a multiple of 3 channels, not 4"),
    (SelfAttention(heads=2), [SPIKES[:, :, :3]], ValueError,
     "SelfAttention of 2 heads takes a multiple of 6 channels, not 3"),
    (Add(), [SPIKES, SPIKES[:, :, :3]], ValueError, "Add takes two tensors of one shape"),
    (Repeat(steps=2), [SPIKES.expand(1, 2, 6, 2, 2)], ValueError,
     "Repeat takes one time step, not 2"),
    (Lif(threshold=np.ones(2, int)), [SPIKES], ValueError,
     "Lif has 2 thresholds for 6 channels"),
    (ONE, [SPIKES], ValueError, "Conv takes 1 channels, not 6"),
])
def test_what_kernels_refuse(op, inputs, error, message):
    with pytest.raises(error, match=message):
        KERNELS[type(op)](op, *inputs)
