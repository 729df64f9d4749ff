"""Foldings as plain data, for files."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hdl.ops import Folding
from hdl.ops.conv import ConvFolding
from hdl.ops.self_attention import SelfAttentionFolding
from hdl.shortcuts import BurstBuffer
from ir import Graph, Node
from ir.ops import Conv, SelfAttention

__all__ = ["KINDS", "folding_of", "from_json", "pins_of", "to_json", "whole"]

KINDS = {kind.__name__: kind for kind in (ConvFolding, SelfAttentionFolding, BurstBuffer)}


def to_json(foldings: Mapping[str, Folding]) -> dict[str, dict]:
    """Foldings by node, and buffers by edge, as what JSON can hold."""
    return {name: {"kind": type(folding).__name__, **asdict(folding)}
            for name, folding in sorted(foldings.items())}


def from_json(stored: Mapping[str, Mapping]) -> dict[str, Folding]:
    """The inverse of :func:`to_json`; raises ValueError for anything else."""
    foldings = {}
    for name, fields in stored.items():
        values = dict(fields)
        kind = values.pop("kind", None)
        if kind not in KINDS:
            raise ValueError(f"Folding of {name!r} is of kind {kind!r}; there are "
                             f"{', '.join(KINDS)}")
        try:
            foldings[name] = KINDS[kind](**values)
        except (TypeError, ValueError) as error:
            raise ValueError(f"Folding of {name!r}: {error}") from error
    return foldings


def folding_of(node: Node) -> type[ConvFolding] | type[SelfAttentionFolding] | None:
    """The kind of folding that a node has, if any."""
    match node.op:
        case Conv():
            return ConvFolding
        case SelfAttention():
            return SelfAttentionFolding
        case _:
            return None


def whole(foldings: Mapping[str, Any], graph: Graph) -> bool:
    """Whether every node that has a folding is given one, as a whole."""
    kinds = {node.name: kind for node in graph.nodes if (kind := folding_of(node))}
    return all(isinstance(foldings.get(name), kind) for name, kind in kinds.items())


def pins_of(foldings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Foldings, or mappings with some of their fields, as fields that are fixed, by node."""
    return {name: asdict(given) if isinstance(given, tuple(KINDS.values())) else dict(given)
            for name, given in foldings.items()}
