import pytest
import torch

from golden import exact


def test_torch_is_exact_here():
    exact.check_exact.__wrapped__()


def test_an_inexact_convolution_is_noticed(monkeypatch):
    def rounded(x, weight, stride, padding):
        return convolve(x, weight, stride, padding) + 1
    convolve = exact.convolve
    monkeypatch.setattr(exact, "convolve", rounded)
    with pytest.raises(RuntimeError, match=r"sums of a 3x3 convolution of integers are not exact"):
        exact.check_exact.__wrapped__()


def test_settings_are_put_back():
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = True
    try:
        with exact.exact_arithmetic():
            assert not torch.backends.cuda.matmul.allow_tf32
            assert torch.backends.cudnn.deterministic
        assert torch.backends.cuda.matmul.allow_tf32
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
