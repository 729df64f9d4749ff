"""Products with a constant matrix as adders that share their sums.

Every weight is a sum of few signed powers of two. A pair of terms that several outputs have in
common, up to a shift and a sign, is added up once: greedily the pair that saves most (two-term
sub-expression elimination; R. I. Hartley, "Subexpression sharing in filters using canonic signed
digit multipliers", IEEE TCAS-II 43, 1996). What is left of each output is added up as a tree.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hdl.adders import digits
from ir import Interval

__all__ = ["AdderGraph", "Node", "Term", "adder_graph"]

TABLE = 4
"""Bits of inputs of which any function is one LUT: what depends on no more is no adder."""

PART = 64
"""Inputs among which pairs are looked for: in wider matrices the search would take minutes."""

Key = tuple[int, int, int, bool]
"""Two nodes, how far the second is shifted against the first, and whether their signs differ."""


class Term(NamedTuple):
    """A node times a signed power of two."""

    node: int
    shift: int
    minus: bool = False


@dataclass(frozen=True)
class Node:
    """An input, a constant, or the sum of two terms of which one at most is subtracted.

    Parameters
    ----------
    terms : tuple of Term
        Two, or none.
    level : int
        Registers between the inputs and it; tables come straight from the inputs.
    interval : Interval
        Of its values.
    leaves : frozenset of int or None
        The inputs that it depends on, where they are so few that it is a table.
    """

    terms: tuple[Term, ...]
    level: int
    interval: Interval
    leaves: frozenset[int] | None

    @property
    def constant(self) -> bool:
        return self.leaves == frozenset()


@dataclass(frozen=True)
class AdderGraph:
    """The nodes, inputs first, each after those of its terms; and the node of each output."""

    inputs: int
    nodes: tuple[Node, ...]
    outputs: tuple[Term, ...]

    @property
    def levels(self) -> int:
        """Registers between inputs and outputs, at least one."""
        return max(1, *(self.nodes[term.node].level for term in self.outputs))

    def needed(self) -> list[int]:
        """The nodes that outputs are made of, in order; what tables swallowed is not."""
        found, waiting = set(), [term.node for term in self.outputs]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                node = self.nodes[number]
                waiting += ([term.node for term in node.terms] if node.leaves is None
                            else sorted(node.leaves))
        return sorted(found)

    def value(self, number: int, known: Mapping[int, int]) -> int:
        """What a node is when the inputs that it depends on are ``known``."""
        node = self.nodes[number]
        if number in known or not node.terms:
            return known.get(number, node.interval.low)
        return sum((self.value(term.node, known) << term.shift) * (-1 if term.minus else 1)
                   for term in node.terms)


def adder_graph(weight: np.ndarray, bias: Sequence[int], activation: Interval) -> AdderGraph:
    """The adders of ``weight @ x + bias``.

    ``weight`` is ``[outputs, inputs]``, and each ``x`` is in ``activation``.
    """
    builder = _Builder(weight.shape[1], activation)
    sums: list[list[Term]] = [[] for _ in weight]
    for start in range(0, weight.shape[1], PART):
        rows = [{(start + column, shift): minus != (value < 0)
                 for column, value in enumerate(row.tolist())
                 for shift, minus in digits(abs(value))}
                for row in weight[:, start:start + PART]]
        _share(rows, builder)
        for terms, row in zip(sums, rows, strict=True):
            terms.extend(Term(*place, minus) for place, minus in row.items())
    outputs = tuple(builder.tree(terms, int(value))
                    for terms, value in zip(sums, bias, strict=True))
    return AdderGraph(weight.shape[1], tuple(builder.nodes), outputs)


class _Builder:
    """Adds nodes, each of them once."""

    def __init__(self, inputs: int, activation: Interval):
        self.inputs, self.activation = inputs, activation
        self.nodes = [Node((), 0, activation, frozenset((n,)) if activation.bits <= TABLE
                           else None) for n in range(inputs)]
        # The weight of every input in each node, and the constant behind.
        self._weights = list(np.eye(inputs + 1, dtype=np.int64)[:inputs])
        self._known: dict[object, int] = {}

    def constant(self, value: int) -> int:
        if value not in self._known:
            weights = np.zeros(self.inputs + 1, np.int64)
            weights[-1] = value
            self._known[value] = self._add((), 0, weights, frozenset())
        return self._known[value]

    def sum(self, a: Term, b: Term) -> Term:
        """The sum of two terms."""
        a, b = sorted((a, b), key=lambda term: (term.shift, term.node))
        low, both = a.shift, a.minus and b.minus
        terms = (Term(a.node, 0, a.minus and not both),
                 Term(b.node, b.shift - low, b.minus and not both))
        if terms not in self._known:
            first, second = (self.nodes[term.node] for term in terms)
            leaves = None
            if first.leaves is not None and second.leaves is not None:
                joined = first.leaves | second.leaves
                leaves = joined if len(joined) * self.activation.bits <= TABLE else None
            level = 1 if leaves is not None else 1 + max(first.level, second.level)
            weights = sum((self._weights[term.node] << term.shift) * (-1 if term.minus else 1)
                          for term in terms)
            self._known[terms] = self._add(terms, level, np.asarray(weights), leaves)
        return Term(self._known[terms], low, both)

    def tree(self, terms: Sequence[Term], bias: int) -> Term:
        """The sum of terms and a constant, never subtracted; what comes early is added first."""
        if bias or not terms:
            terms = [*terms, Term(self.constant(bias), 0)]
        waiting = [(self._late(term), term) for term in terms]
        heapq.heapify(waiting)
        while len(waiting) > 1:
            found = self.sum(heapq.heappop(waiting)[1], heapq.heappop(waiting)[1])
            heapq.heappush(waiting, (self._late(found), found))
        (_, last), = waiting
        return self.sum(Term(self.constant(0), 0), last) if last.minus else last

    def _late(self, term: Term) -> tuple[int, int]:
        node = self.nodes[term.node]
        return node.level, node.interval.bits + term.shift

    def _add(self, terms, level, weights, leaves) -> int:
        low, high = self.activation.low, self.activation.high
        inner = weights[:-1]
        negative, positive = int(inner[inner < 0].sum()), int(inner[inner > 0].sum())
        constant = int(weights[-1])
        self.nodes.append(Node(terms, level, Interval(
            positive * low + negative * high + constant,
            positive * high + negative * low + constant), leaves))
        self._weights.append(weights)
        return len(self.nodes) - 1


def _share(rows: list[dict[tuple[int, int], bool]], builder: _Builder) -> None:
    """Replace pairs of terms that rows have in common, the ones that save most first.

    A row is the sign of each of its terms, by node and shift.
    """
    counts = Counter(key for row in rows for key in _pairs(row))
    waiting = [(-_saved(key, count, builder), key) for key, count in counts.items() if count > 1]
    heapq.heapify(waiting)
    while waiting:
        saved, key = heapq.heappop(waiting)
        now = _saved(key, counts[key], builder) if counts[key] > 1 else 0
        if now <= 0:
            continue
        if now != -saved:
            heapq.heappush(waiting, (-now, key))
            continue
        changed = _replace(rows, key, builder, counts)
        for other in changed:
            if counts[other] > 1:
                heapq.heappush(waiting, (-_saved(other, counts[other], builder), other))


def _saved(key: Key, count: int, builder: _Builder) -> float:
    """The LUTs that a sum saves which is made once; bits side by side take none."""
    first, second, shift, differ = key
    low, high = builder.nodes[first].interval, builder.nodes[second].interval
    bits = max(low.bits, high.bits + shift) + 1 - shift
    if not differ and not low.signed and shift >= low.bits:
        bits = 0
    return (count - 1) * (bits + 0.1)


def _pairs(row: dict[tuple[int, int], bool]) -> Iterator[Key]:
    terms = list(row.items())
    for at, (place, minus) in enumerate(terms):
        for other, other_minus in terms[:at]:
            yield _key(place, minus, other, other_minus)


def _key(a: tuple[int, int], a_minus: bool, b: tuple[int, int], b_minus: bool) -> Key:
    if (a[1], a[0]) > (b[1], b[0]):
        a, b = b, a
    return a[0], b[0], b[1] - a[1], a_minus != b_minus


def _replace(rows, key: Key, builder: _Builder, counts: Counter) -> set[Key]:
    """Replace a pair wherever it is; return the pairs that became more."""
    first, second, shift, differ = key
    node = builder.sum(Term(first, 0), Term(second, shift, differ)).node
    more: set[Key] = set()
    for row in rows:
        for place in [place for place in row if place[0] == first]:
            other = second, place[1] + shift
            if (place not in row or other not in row or place == other
                    or (row[place] != row[other]) != differ):
                continue
            minus = row[place]
            for gone in (place, other):
                sign = row.pop(gone)
                counts.subtract(_key(gone, sign, *rest) for rest in row.items())
            new = node, place[1]
            added = [_key(new, minus, *rest) for rest in row.items()]
            counts.update(added)
            more.update(added)
            row[new] = minus
    return more
