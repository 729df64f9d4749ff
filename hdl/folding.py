"""Foldings as plain data, for files."""

from collections.abc import Mapping
from dataclasses import asdict

from hdl.ops import Folding
from hdl.ops.conv import ConvFolding
from hdl.ops.self_attention import SelfAttentionFolding

__all__ = ["from_json", "to_json"]

KINDS = {kind.__name__: kind for kind in (ConvFolding, SelfAttentionFolding)}


def to_json(foldings: Mapping[str, Folding]) -> dict[str, dict]:
    """Foldings by node, as what JSON can hold."""
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
        except TypeError as error:
            raise ValueError(f"Folding of {name!r}: {error}") from error
    return foldings
