"""The graph on disk: a folder of ``graph.json`` and ``weights.safetensors``.

The JSON holds everything but the arrays; these lie in the other file under ``node.field``, each in
the narrowest signed integer type that holds it. ``graph.json`` carries the SHA-256 of both files
(its own, at its end, with zeros in the place of the sum), so a damaged or edited file is noticed.
The same graph gives the same bytes. Nothing is ever unpickled.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from ir.graph import Encoding, Graph, Node
from ir.ops import OPS
from ir.staging import staged
from ir.tensors import Interval, TensorType

__all__ = ["FORMAT", "GRAPH", "VERSION", "WEIGHTS", "digest", "load", "save"]

FORMAT = "spikeloom graph"
VERSION = 1
GRAPH = "graph.json"
WEIGHTS = "weights.safetensors"

_ZEROS = "0" * 64
_DTYPES = tuple(np.dtype(name) for name in ("int8", "int16", "int32", "int64"))
_KINDS: dict[str, type] = {op.__name__: op for op in OPS}


def save(graph: Graph, folder: str | Path) -> None:
    """Write ``graph`` as a folder, whole or not at all; replaces an older graph there.

    Raises ValueError if ``folder`` holds something else or a note is not finite.
    """
    weights = safetensors.save(_arrays(graph))
    document = {**_document(graph), "notes": _notes(graph),
                "activity": dict(sorted(graph.activity.items())), "weights": _sum(weights)}
    text = _text({**document, "sha256": _ZEROS})
    with staged(folder, GRAPH) as fresh:
        (fresh / WEIGHTS).write_bytes(weights)
        (fresh / GRAPH).write_bytes(_signed(text, _ZEROS, _sum(text.encode())).encode())


def load(folder: str | Path) -> Graph:
    """The graph that :func:`save` wrote.

    Raises FileNotFoundError for a missing folder or file, and ValueError, naming the node and the
    rule where there is one, for anything damaged, foreign or against an operator's rules.
    """
    folder = Path(folder)
    document = _checked_document(folder)
    arrays = _checked_arrays(folder, document)
    try:
        return _graph(document, arrays)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{folder / GRAPH} holds no valid graph: {error}") from error


def digest(graph: Graph) -> str:
    """SHA-256, in hex, of what the network computes: of all but its name, notes, activity."""
    document = {**_document(graph), "name": None, "weights": _sum(safetensors.save(_arrays(graph)))}
    return _sum(_text(document).encode())


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _signed(text: str, old: str, new: str) -> str:
    """``text`` with the sum at its end exchanged."""
    before, _, after = text.rpartition(old)
    return before + new + after


def _text(document: Mapping) -> str:
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _notes(graph: Graph) -> dict:
    for name, value in graph.notes.items():
        if not isinstance(value, str | int | float):
            raise TypeError(f"Graph note {name!r} must be text or a number, not {value!r}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"Graph note {name!r} must be finite, not {value}")
    return dict(sorted(graph.notes.items()))


def _document(graph: Graph) -> dict:
    image, encoding = graph.image, graph.encoding
    return {
        "format": FORMAT, "version": VERSION, "name": graph.name,
        "image": {"steps": image.steps, "channels": image.channels, "height": image.height,
                  "width": image.width, "interval": [image.interval.low, image.interval.high]},
        "encoding": {"scale": str(encoding.scale), "mean": list(encoding.mean),
                     "std": list(encoding.std)},
        "nodes": [{"name": node.name, "op": type(node.op).__name__, "inputs": list(node.inputs),
                   "fields": _plain_fields(node)} for node in graph.nodes],
    }


def _plain_fields(node: Node) -> dict:
    values = {f.name: getattr(node.op, f.name) for f in fields(node.op)}
    return {name: value.name if isinstance(value, Enum) else int(value)
            for name, value in values.items() if not isinstance(value, np.ndarray)}


def _arrays(graph: Graph) -> dict[str, np.ndarray]:
    return {f"{node.name}.{f.name}": _narrowest(value)
            for node in graph.nodes for f in fields(node.op)
            if isinstance(value := getattr(node.op, f.name), np.ndarray)}


def _narrowest(array: np.ndarray) -> np.ndarray:
    low, high = int(array.min()), int(array.max())
    dtype = next(d for d in _DTYPES if np.iinfo(d).min <= low and high <= np.iinfo(d).max)
    return np.ascontiguousarray(array, dtype=dtype)


def _checked_document(folder: Path) -> dict:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; a graph is a folder of {GRAPH} and "
                                f"{WEIGHTS}")
    for name in (GRAPH, WEIGHTS):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} lacks {name}; write the graph again")
    path = folder / GRAPH
    try:
        text = path.read_bytes().decode()
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is damaged, it is not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{path} is not a {FORMAT}: it does not say so in 'format'")
    if document.get("version") != VERSION:
        raise ValueError(f"{path} has version {document.get('version')!r} of the format; "
                         f"this program reads version {VERSION}")
    expected = str(document.get("sha256"))
    if _sum(_signed(text, expected, _ZEROS).encode()) != expected:
        raise ValueError(f"{path} was altered: its sha256 is not the one that it states; "
                         "write the graph again")
    return document


def _checked_arrays(folder: Path, document: dict) -> dict[str, np.ndarray]:
    path = folder / WEIGHTS
    data = path.read_bytes()
    if _sum(data) != document.get("weights"):
        raise ValueError(f"{path} was altered or truncated: its sha256 is not the one that "
                         f"{GRAPH} states; write the graph again")
    try:
        return safetensors.load(data)
    except SafetensorError as error:
        raise ValueError(f"{path} holds no safetensors: {error}") from error


def _only(subject: str, document: object, *known: str) -> dict:
    """``document``, which must be a mapping of exactly the keys that are ``known``."""
    if not isinstance(document, dict):
        raise TypeError(f"{subject} must be a mapping, not {document!r}")
    if unknown := sorted(set(document) - set(known)):
        raise ValueError(f"{subject} has an unknown field {unknown[0]!r}; known: "
                         f"{', '.join(known) or 'none'}")
    if missing := [name for name in known if name not in document]:
        raise ValueError(f"{subject} lacks {missing[0]!r}")
    return document


def _graph(document: dict, arrays: dict[str, np.ndarray]) -> Graph:
    _only("the graph", document, "format", "version", "name", "image", "encoding", "nodes",
          "notes", "activity", "weights", "sha256")
    image = _only("the image", document["image"], "steps", "channels", "height", "width",
                  "interval")
    encoding = _only("the encoding", document["encoding"], "scale", "mean", "std")
    sizes = {name: _integer(f"image {name}", image[name])
             for name in ("steps", "channels", "height", "width")}
    low, high = (_integer("image interval", value) for value in image["interval"])
    nodes = tuple(_node(node, arrays) for node in document["nodes"])
    if arrays:
        raise ValueError(f"{WEIGHTS} holds {min(arrays)!r}, which no node has")
    return Graph(_word("the name", document["name"]),
                 TensorType(**sizes, interval=Interval(low, high)), nodes,
                 Encoding(scale=Fraction(encoding["scale"]),
                          mean=tuple(map(float, encoding["mean"])),
                          std=tuple(map(float, encoding["std"]))),
                 dict(document["notes"]), dict(document["activity"]))


def _node(document: object, arrays: dict[str, np.ndarray]) -> Node:
    """One node; what it has in ``arrays`` is taken out of them."""
    document = _only("a node", document, "name", "op", "inputs", "fields")
    name, op = _word("a node's name", document["name"]), _word("a node's op", document["op"])
    if op not in _KINDS:
        raise ValueError(f"node {name!r} has an unknown operator {op!r}; known: "
                         f"{', '.join(_KINDS)}")
    hints = get_type_hints(_KINDS[op])
    plain = _only(f"node {name!r} ({op})", document["fields"],
                  *(f.name for f in fields(_KINDS[op]) if hints[f.name] is not np.ndarray))
    subject = f"node {name!r}: {op}"
    values = {f.name: _array(name, f.name, arrays) if hints[f.name] is np.ndarray
              else _reader(hints[f.name])(f"{subject} {f.name}", plain[f.name])
              for f in fields(_KINDS[op])}
    inputs = tuple(_word(f"node {name!r}: an input", value) for value in document["inputs"])
    try:
        return Node(name, _KINDS[op](**values), inputs)
    except (TypeError, ValueError) as error:
        raise type(error)(f"node {name!r}: {error}") from error


def _array(node: str, field: str, arrays: dict[str, np.ndarray]) -> np.ndarray:
    key = f"{node}.{field}"
    if key not in arrays:
        raise ValueError(f"node {node!r}: {WEIGHTS} lacks {key!r}")
    array = arrays.pop(key)
    if array.dtype not in _DTYPES:
        raise TypeError(f"node {node!r}: {key!r} must be signed integers, not {array.dtype}")
    return array


def _reader(hint: type) -> Callable[[str, Any], Any]:
    """What reads a field that is annotated with ``hint``."""
    if issubclass(hint, Enum):
        return lambda subject, value: _member(subject, hint, value)
    return _integer


def _integer(subject: str, value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{subject} must be an integer, not {value!r}")
    return value


def _word(subject: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{subject} must be text, not {value!r}")
    return value


def _member(subject: str, enum: type[Enum], value: object) -> Enum:
    if value not in enum.__members__:
        raise ValueError(f"{subject} must be one of {', '.join(enum.__members__)}, not {value!r}")
    return enum[str(value)]
