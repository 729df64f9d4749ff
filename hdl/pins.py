"""Foldings that a person fixes, as a file: all others are left to the solver."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hdl.folding import folding_of
from hdl.folding_space import Group, Pins, Space
from hdl.ops import Association, ConvForm, Folding
from hdl.shortcuts import BurstBuffer, buffers, edge_name
from hdl.weights import Weights
from ir import Graph, Node
from ir.ops import SelfAttention

__all__ = ["check_pins", "parted", "read_pins", "write_pins"]

TABLES = ("nodes", "patterns", "buffers")
WORDS = {"form": ConvForm, "weights": Weights, "association": Association}
"""Fields that are words."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")

_ABOUT = """\
# Foldings for `spikeloom generate --folding`. What is not named here, the solver chooses.
#   [nodes.NAME]          one node
#   [patterns."*_qkv"]    all that match; a node's own table goes before
#   [buffers]             READER.PORT = beats that wait on an edge, for stages that work in bursts
# lanes: output channels added up together; drain: of them leave per cycle;
# scan: input channels searched per cycle, or multiplied; form: events (finds spikes and adds their
# weights), serial (multiplies one input after the other: smaller), folded (has its weights as
# logic: a position per cycle) or tables (linear on spikes: looks up the sums of four weights); of
# all but events, scan is as the lanes that come.
# weights: constant (memory contents), logic (in look-up tables) or loaded (written after reset,
# into UltraRAM).
# association, of an attention: keys-values (Q (K^T V): a row per key channel) or scores ((Q K^T) V,
# of spikes: a score per two tokens).
"""


def read_pins(path: str | Path, graph: Graph) -> Pins:
    """The pins of a graph in a TOML file.

    A table ``[nodes.NAME]`` has the fields of the node's folding that are fixed; a table
    ``[patterns."GLOB"]`` those of every node that it matches, later patterns before earlier ones,
    and nodes before patterns; the table ``[buffers]`` the beats of buffers by edge. Raises
    ValueError for anything that is not possible, see :func:`check_pins`.
    """
    try:
        document = tomllib.loads(Path(path).read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML: {error}") from error
    try:
        pins = _resolved(document, graph)
        check_pins(pins, graph)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return pins


def write_pins(foldings: Mapping[str, Folding]) -> str:
    """Foldings as a file that :func:`read_pins` reads: all of them fixed."""
    parts, edges = [_ABOUT], []
    for name, folding in foldings.items():
        if isinstance(folding, BurstBuffer):
            edges.append(f"{json.dumps(name)} = {folding.beats}\n")
            continue
        key = name if _BARE.fullmatch(name) else json.dumps(name)
        parts.append(f"[nodes.{key}]\n" + "".join(
            f"{field} = {json.dumps(value)}\n" for field, value in asdict(folding).items()))
    return "\n".join([*parts, *(["[buffers]\n" + "".join(edges)] if edges else [])])


def parted(pins: Pins) -> tuple[Pins, dict[str, Folding]]:
    """The pins of nodes, and the buffers that are fixed."""
    edges = {name: BurstBuffer(beats=int(given["beats"])) for name, given in pins.items()
             if _is_buffer(given)}
    return {name: given for name, given in pins.items() if name not in edges}, edges


def _is_buffer(given: Mapping[str, object]) -> bool:
    """Whether these are the fields of a buffer; no node has them."""
    return given.keys() == {"beats"}


def check_pins(pins: Pins, graph: Graph) -> None:
    """Raise ValueError, naming node, rule and value, for pins that no design of a graph can have.
    """
    nodes = {node.name: node for node in graph.nodes}
    for name, given in pins.items():
        if _is_buffer(given):
            _check_number(f"Buffer {name!r}", "beats", given["beats"])
    pins, edges = parted(pins)
    buffers(graph, edges)
    free = Space(graph)
    for name, given in pins.items():
        _check_fields(name, given, nodes)
        _check_values(nodes[name], given, free)
    _check_alike(pins, free)
    pinned = Space(graph, pins)
    for group in pinned.groups.values():
        if not group.cuts:
            raise ValueError(f"No cut is left where outputs meet: {_listed(pins, group.writers)}")
        for node in group.readers:
            if "scan" in pins.get(node.name, {}):
                _check_scan(node, group, pinned)


def _resolved(document: Mapping[str, Any], graph: Graph) -> Pins:
    for name, table in document.items():
        if name not in TABLES:
            raise ValueError(f"There is no table {name!r}; there are {', '.join(TABLES)}")
        if name == "buffers" and isinstance(table, dict):
            continue
        if not isinstance(table, dict) or not all(isinstance(t, dict) for t in table.values()):
            raise ValueError(f"{name!r} must hold tables, as [{name}.NAME]")
    pins: dict[str, dict[str, Any]] = {}
    foldable = {node.name: node for node in graph.nodes if folding_of(node)}
    for pattern, given in document.get("patterns", {}).items():
        matching = [name for name in foldable if fnmatchcase(name, pattern)]
        if not matching:
            raise ValueError(f"Pattern {pattern!r} matches no node that has a folding; those are "
                             f"{', '.join(foldable)}")
        for name in matching:
            pins.setdefault(name, {}).update(given)
    for name, given in document.get("nodes", {}).items():
        pins.setdefault(name, {}).update(given)
    for edge, beats in document.get("buffers", {}).items():
        if "." not in edge:
            raise ValueError(f"Buffer {edge!r} must be called READER.PORT, as "
                             f"{edge_name(graph.nodes[0].name, 0)!r}")
        pins[edge] = {"beats": beats}
    return pins


def _check_fields(name: str, given: Mapping[str, Any], nodes: Mapping[str, Node]) -> None:
    if name not in nodes:
        raise ValueError(f"No node is called {name!r}; those with a folding are "
                         f"{', '.join(n for n, node in nodes.items() if folding_of(node))}")
    node = nodes[name]
    kind = folding_of(node)
    if kind is None:
        raise ValueError(f"Node {name!r} has no folding; {type(node.op).__name__} takes the cut of "
                         f"its input {node.inputs[0]!r}")
    known = [field.name for field in fields(kind)]
    for field, value in given.items():
        if field not in known:
            raise ValueError(f"Node {name!r} has no {field!r} to fix; {type(node.op).__name__} has "
                             f"{', '.join(known)}")
        if field in WORDS:
            if value not in tuple(WORDS[field]):
                raise ValueError(f"Node {name!r}: {field} must be one of "
                                 f"{', '.join(WORDS[field])}, not {value!r}")
        else:
            _check_number(f"Node {name!r}", field, value)


def _check_number(subject: str, field: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{subject}: {field} must be a whole number above 0, not {value!r}")


def _check_values(node: Node, given: Mapping[str, int], free: Space) -> None:
    limit, channels = free.known_cuts.limit(node.name), free.graph.types[node.name].channels
    if _comes_whole(node, given, free):
        limit = channels
    rules = [("lanes", limit), ("drain", given.get("lanes", limit))]
    if isinstance(node.op, SelfAttention):
        kind = free.graph.types[node.inputs[0]]
        if given.get("association") == Association.SCORES and not kind.is_spikes:
            raise ValueError(f"Node {node.name!r}: association = {given['association']} takes "
                             f"spikes, {node.inputs[0]!r} is counts of {kind.interval}")
        rules = [("drain", node.op.head_channels(kind))]
    for field, whole in rules:
        if field in given and whole % given[field]:
            raise ValueError(f"Node {node.name!r}: {field} = {given[field]} does not divide "
                             f"{whole}")
    if node is free.graph.nodes[-1] and given.get("drain", 1) != 1:
        raise ValueError(f"Node {node.name!r}: drain = {given['drain']} must be 1, logits leave "
                         "one by one")


def _comes_whole(node: Node, given: Mapping[str, int], free: Space) -> bool:
    """Whether a node is given all its channels where its group can come so."""
    cuts = free.groups[free.group_of[node.name]].cuts
    return (given.get("lanes") == free.graph.types[node.name].channels
            and any(cut.whole for cut in cuts))


def _check_alike(pins: Pins, free: Space) -> None:
    """Nodes whose outputs meet have one cut."""
    for group in free.groups.values():
        if all(_comes_whole(node, pins.get(node.name, {}), free) for node in group.writers):
            continue
        fixed: dict[str, tuple[str, int]] = {}
        for node in group.writers:
            for field in ("lanes", "drain"):
                if (value := pins.get(node.name, {}).get(field)) is None:
                    continue
                first, known = fixed.setdefault(field, (node.name, value))
                if value != known:
                    raise ValueError(
                        f"Node {node.name!r}: {field} = {value}, but {first!r} has {known}; "
                        "their outputs meet and must be cut alike")
        if len(fixed) == 2 and fixed["lanes"][1] % fixed["drain"][1]:
            (first, lanes), (second, drain) = fixed["lanes"], fixed["drain"]
            raise ValueError(f"Node {second!r}: drain = {drain} does not divide the {lanes} lanes "
                             f"of {first!r}; their outputs meet and must be cut alike")


def _check_scan(node: Node, group: Group, pinned: Space) -> None:
    if any(pinned.scans(node, cut) for cut in group.cuts):
        return
    blocks = sorted({cut.block for cut in group.cuts})
    raise ValueError(f"Node {node.name!r}: scan = {pinned.pins[node.name]['scan']} must divide a "
                     f"block of its input and be a multiple of its lanes; {node.inputs[0]!r} comes "
                     f"in blocks of {', '.join(map(str, blocks))}")


def _listed(pins: Pins, nodes: Iterable[Node]) -> str:
    return ", ".join(f"{node.name!r} {field} {value}" for node in nodes
                     for field, value in pins.get(node.name, {}).items())
