"""Matrix products of query, key and value."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from golden.capture.errors import CaptureError
from golden.capture.nodes import Located
from golden.capture.recorder import Recorder, Value

__all__ = ["FUNCTIONS", "Product"]


@dataclass(frozen=True)
class Product:
    """A product of two tensors ``[..., tokens, channels of a head]``, not yet attention.

    Parameters
    ----------
    left, right : Located
        As ``[..., tokens, channels]``, however they were transposed.
    over_tokens : bool
        Whether tokens were summed (K^T V) or channels (Q K^T).
    swapped : bool
        Whether it is right by left: its rows are what is left of ``right``.
    factor : float
    """

    left: Located
    right: Located
    over_tokens: bool
    swapped: bool = False
    factor: float = 1.0

    def times(self, factor: float) -> "Product":
        return replace(self, factor=self.factor * factor)

    def moved(self, name: str, args: tuple, kwargs: dict) -> "Product":
        """Transposed; raises CaptureError for any other movement."""
        ndim = self.left.step.ndim
        dims = {d % ndim for d in (*args, *kwargs.values()) if isinstance(d, int)}
        if name not in ("transpose", "swapaxes", "swapdims", "mT") or (
                name != "mT" and dims != {ndim - 2, ndim - 1}):
            raise CaptureError(f"{name} of a matrix product")
        return replace(self, swapped=not self.swapped)


@dataclass(frozen=True)
class _Matrix:
    located: Located
    """As ``[..., tokens, channels]``."""
    transposed: bool
    factor: float


def matmul(recorder: Recorder, input: Any, other: Any) -> Value | Product:
    if isinstance(input, Tensor) or isinstance(other, Tensor):
        raise CaptureError("a matrix product with a constant; use a linear layer")
    if isinstance(input, Product) and isinstance(other, Product):
        raise CaptureError("a product of two matrix products")
    if isinstance(input, Product):
        return _attention(recorder, input, _matrix(recorder, other), product_first=True)
    if isinstance(other, Product):
        return _attention(recorder, other, _matrix(recorder, input), product_first=False)
    a, b = _matrix(recorder, input), _matrix(recorder, other)
    if a.transposed == b.transposed:
        raise CaptureError("a matrix product that is neither Q K^T nor K^T V")
    _check_heads(a.located, b.located)
    return Product(a.located, b.located, over_tokens=a.transposed, factor=a.factor * b.factor)


def _matrix(recorder: Recorder, value: Value) -> _Matrix:
    """One operand; its axes tell whether it is transposed."""
    located = recorder.locate(value)
    if located.channel.ndim < 3:
        raise CaptureError("a matrix product without heads or images")
    rows_are_tokens = bool((located.position[..., :1, :] != located.position[..., -1:, :]).any())
    columns_are_channels = bool((located.channel[..., :1] != located.channel[..., -1:]).any())
    transposed = not (rows_are_tokens or columns_are_channels)
    if transposed:
        located = located.map(lambda x: x.mT)
    tokens = located.position
    if tokens.shape[-2] != located.node.positions or not (tokens == tokens[..., :1]).all() or not (
            located.channel == located.channel[..., :1, :]).all():
        raise CaptureError("a matrix product of something else than tokens and channels")
    return _Matrix(located, transposed, value.factor)


def _check_heads(a: Located, b: Located) -> None:
    """Both run over the same steps, images and heads, and over tokens in the same order."""
    for x, y in ((a.step, b.step), (a.image, b.image), (a.position, b.position)):
        if x.shape[:-1] != y.shape[:-1] or not (x[..., 0] == y[..., 0]).all():
            raise CaptureError("a matrix product of different steps, images or tokens")
    for x in (a, b):
        size = x.channel.shape[-1]
        if not (x.channel == x.channel[..., :1] + torch.arange(size)).all() or (
                x.channel[..., 0] % size).any():
            raise CaptureError("a matrix product of channels that are no heads")
    heads = [x.channel[..., 0] // x.channel.shape[-1] for x in (a, b)]
    if not (heads[0][..., 0] == heads[1][..., 0]).all() or (
            a.node.channels // a.channel.shape[-1] != b.node.channels // b.channel.shape[-1]):
        raise CaptureError("a matrix product of different heads")


def _attention(recorder: Recorder, product: Product, other: _Matrix, *,
               product_first: bool) -> Value:
    """The second product: whose rows and columns are left says who is query, key and value.

    K^T V and V^T K leave channels by channels, Q K^T and K Q^T tokens by tokens. The key is the
    operand of which nothing is left at the end.
    """
    rows, columns = product.left, product.right
    if product.swapped:
        rows, columns = columns, rows
    met, left = (columns, rows) if product_first else (rows, columns)
    # what the other operand sums over must be what the product has there
    sums_tokens = other.transposed != product_first
    if sums_tokens == product.over_tokens:
        raise CaptureError("a matrix product that is neither Q (K^T V) nor (Q K^T) V")
    query, value = (other.located, left) if product.over_tokens else (left, other.located)
    key = met
    for a, b in ((query, key), (key, value)):
        _check_heads(a, b)
    if query.channel.shape[-1] != key.channel.shape[-1]:
        raise CaptureError("a query and a key of different width")
    return _node(recorder, query, key, value, product.factor * other.factor,
                 transposed=_transposed(product, product_first))


def _transposed(product: Product, product_first: bool) -> bool:
    """Whether the result is ``[..., channels, tokens]``."""
    # tokens are left of the query: it is the other operand where the product is over tokens
    query_first = product_first != product.over_tokens
    return not query_first


def _node(recorder: Recorder, query: Located, key: Located, value: Located, factor: float, *,
          transposed: bool) -> Value:
    steps = query.steps
    qkv = recorder.record.concat([query.node, key.node, value.node], steps)
    width, ratio = query.channel.shape[-1], value.node.channels / query.node.channels
    if ratio % 1:
        raise CaptureError("a value that is not a multiple of the query in width")
    node = recorder.node("SelfAttention", (qkv,), (value.node.channels, *query.node.shape[1:]),
                         heads=query.node.channels // width, value_ratio=int(ratio))
    shape = (*value.step.shape[:-2], query.node.positions, value.channel.shape[-1])
    numbers = recorder.record.numbers(
        node, query.step[..., :1].expand(shape), query.image[..., :1].expand(shape),
        value.channel[..., :1, :].expand(shape), query.position[..., :1].expand(shape))
    return Value(numbers.mT if transposed else numbers, factor)


FUNCTIONS = {"matmul": matmul, "__matmul__": matmul, "bmm": matmul}
