"""The same network in the layers that circuits have: constants folded, attention side by side."""

import math
from collections import defaultdict
from collections.abc import Callable
from heapq import heappop, heappush

import torch

from golden.capture.nodes import Node

__all__ = ["ordered", "rewritten"]

Readers = dict[int, list[Node]]
Rule = Callable[[Node, Readers], Node | None]
"""Gives what stands for a node from now on, or None."""


def ordered(output: Node) -> list[Node]:
    """The nodes that an output needs, each after what it reads, else in the order of the run."""
    needed, todo = {id(output): output}, [output]
    readers: Readers = defaultdict(list)
    while todo:
        node = todo.pop()
        for source in node.inputs:
            readers[id(source)].append(node)
            if id(source) not in needed:
                needed[id(source)] = source
                todo.append(source)
    missing = {key: len(node.inputs) for key, node in needed.items()}
    ready = [(node.serial, key) for key, node in needed.items() if not node.inputs]
    result = []
    while ready:
        _, key = heappop(ready)
        result.append(needed[key])
        for reader in readers[key]:
            missing[id(reader)] -= 1
            if not missing[id(reader)]:
                heappush(ready, (reader.serial, id(reader)))
    return result


def rewritten(output: Node) -> Node:
    """The output of the same network after all rules; nodes may change in place."""
    changed = True
    while changed:
        changed = False
        nodes = ordered(output)
        readers: Readers = defaultdict(list)
        for node in nodes:
            for source in node.inputs:
                readers[id(source)].append(node)
        for node in nodes:
            new = next((new for rule in RULES if (new := rule(node, readers)) is not None), None)
            if new is not None:
                new.serial = new.serial or node.serial
                for reader in readers[id(node)]:
                    reader.inputs = tuple(new if x is node else x for x in reader.inputs)
                output = new if node is output else output
                changed = True
                break
    return output


def _alone(node: Node, readers: Readers) -> bool:
    return len(readers[id(node)]) == 1


def _gain(node: Node) -> bool:
    """Whether a node is one constant per channel, and another added."""
    return node.op == "DepthwiseConv" and node.params["kernel"] == node.params["stride"] == 1 and (
        not node.params["padding"])


def _fold_back(node: Node, readers: Readers) -> Node | None:
    """Constants behind weights, such as a batch norm's, go into the weights."""
    if not _gain(node):
        return None
    (source,) = node.inputs
    if source.op not in ("Conv", "DepthwiseConv") or not _alone(source, readers):
        return None
    gain, params = node.params["weight"].flatten(), source.params
    shape = (-1, *[1] * (params["weight"].ndim - 1))
    params["weight"] = params["weight"] * gain.view(shape)
    params["bias"] = params["bias"] * gain + node.params["bias"]
    return source


def _mean(node: Node, readers: Readers) -> Node | None:
    """A sum divided by how many values it has is a mean."""
    if not _gain(node) or node.params["bias"].any():
        return None
    (total,), gain = node.inputs, node.params["weight"].flatten()
    if "mean" not in total.params or total.params["mean"] or not _alone(total, readers):
        return None
    (source,) = total.inputs
    count = {"TimeSum": total.params.get("steps", 1), "TokenSum": source.positions,
             "HeadSum": source.channels // total.channels}[total.op]
    if not torch.allclose(gain * count, torch.ones(1)):
        return None
    total.params["mean"] = True
    return total


def _fold_on(node: Node, readers: Readers) -> Node | None:
    """Constants before weights go into them where nothing is padded."""
    if node.op != "Conv" or node.params["padding"] or not _gain(node.inputs[0]) or not _alone(
            node.inputs[0], readers):
        return None
    (source,) = node.inputs
    weight = node.params["weight"]
    node.params["bias"] = node.params["bias"] + (weight.sum((2, 3)) @ source.params["bias"])
    node.params["weight"] = weight * source.params["weight"].view(1, -1, 1, 1)
    node.inputs = source.inputs
    return node


def _sum_first(node: Node, readers: Readers) -> Node | None:
    """Sums over time, and over tokens of a linear layer, stand before the weights."""
    if node.op not in ("TimeSum", "TokenSum"):
        return None
    (weights,) = node.inputs
    linear = weights.params.get("kernel") == weights.params.get("stride") == 1 and (
        not weights.params.get("padding"))
    if weights.op not in ("Conv", "DepthwiseConv") or not _alone(weights, readers) or not (
            linear or node.op == "TimeSum"):
        return None
    (source,) = weights.inputs
    shape = source.shape if node.op == "TimeSum" else (source.channels, 1, 1)
    sums = Node(node.op, (source,), shape, node.path, node.params, blocks=node.blocks)
    if not node.params["mean"]:
        count = node.params["steps"] if node.op == "TimeSum" else source.positions
        weights.params["bias"] = weights.params["bias"] * count
    return Node(weights.op, (sums,), node.shape, weights.path, weights.params,
                blocks=node.blocks)


def _merge(node: Node, readers: Readers) -> Node | None:
    """Alike layers side by side are one layer: query, key and value."""
    if node.op != "Concat":
        return None
    a, b = node.inputs
    if a is b or a.op != b.op or not (_alone(a, readers) and _alone(b, readers)):
        return None
    path = _joined(a.path, b.path)
    if a.op in ("Lif", "LevelLif") and a.params == b.params and not a.params.get("learn"):
        current = Node("Concat", (a.inputs[0], b.inputs[0]), node.shape, path,
                       blocks=a.inputs[0].blocks)
        if a.inputs[0].static == b.inputs[0].static:
            return Node(a.op, (current,), node.shape, path, a.params, a.spikes, node.blocks)
    if a.op == "Conv" and a.inputs == b.inputs and all(
            a.params[each] == b.params[each] for each in ("kernel", "stride", "padding")):
        params = a.params | {each: torch.cat([a.params[each], b.params[each]])
                             for each in ("weight", "bias")}
        return Node("Conv", a.inputs, node.shape, path, params, blocks=a.blocks)
    return None


def _mask_attention(node: Node, readers: Readers) -> Node | None:
    """``Q AND (OR over tokens of K AND V)``, where the OR was written as a neuron on a count."""
    if node.op != "Gate" or node.inputs[1].op != "Lif":
        return None
    query, neuron = node.inputs
    (total,) = neuron.inputs
    if total.op != "TokenSum" or total.inputs[0].op != "Gate":
        return None
    product = total.inputs[0]
    key, value = product.inputs
    least = 1 / product.positions if total.params["mean"] else 1.0
    fits = all(x.spikes and x.shape == node.shape for x in (query, key, value))
    if not fits or not _is_or(neuron, least) or not all(
            _alone(x, readers) for x in (neuron, total, product)):
        return None
    channels, height, width = node.shape
    qk = Node("Concat", (query, key), (2 * channels, height, width), node.path, spikes=True,
              blocks=node.blocks)
    qkv = Node("Concat", (qk, value), (3 * channels, height, width), node.path, spikes=True,
               blocks=node.blocks)
    return Node("MaskAttention", (qkv,), node.shape, node.path, spikes=True, blocks=node.blocks)


def _is_or(neuron: Node, least: float) -> bool:
    """Whether a neuron fires at every count from ``least`` on, from any potential it can have."""
    params = neuron.params
    leaks = params["decay_input"] and not math.isinf(params["tau"])
    charge = least / params["tau"] if leaks else least
    fires = charge > params["threshold"] if params["strict"] else charge >= params["threshold"]
    return fires and not params["soft"] and not params.get("learn")


def _weighed(node: Node, readers: Readers) -> Node | None:
    """Spikes that are added to a current get a weight, as currents have units of their own."""
    if node.op != "Add" or _counts(node.inputs[0]) == _counts(node.inputs[1]):
        return None
    i = 0 if _counts(node.inputs[0]) else 1
    spikes = node.inputs[i]
    ones = {"weight": torch.ones(spikes.channels, 1, 1), "bias": torch.zeros(spikes.channels),
            "kernel": 1, "stride": 1, "padding": 0}
    weights = Node("DepthwiseConv", (spikes,), spikes.shape, f"{spikes.path}.weight", ones,
                   blocks=spikes.blocks, serial=node.serial)
    inputs = (weights, node.inputs[1]) if i == 0 else (node.inputs[0], weights)
    return Node("Add", inputs, node.shape, node.path, blocks=node.blocks)


def _counts(node: Node) -> bool:
    """Whether a node makes spikes or counts of them, not currents."""
    if node.op in ("Lif", "LevelLif", "ParallelNeuron"):
        return True
    return bool(node.inputs) and node.op not in ("Conv", "DepthwiseConv") and all(
        map(_counts, node.inputs))


def _whole_slices(node: Node, readers: Readers) -> Node | None:
    """Slices side by side in the order of what they were cut from are that."""
    if node.op != "Concat":
        return None
    parts = _parts(node)
    if not all(part.op == "Slice" and part.inputs == parts[0].inputs for part in parts):
        return None
    (source,) = parts[0].inputs
    ends = [0, *(part.params["stop"] for part in parts)]
    starts = [*(part.params["start"] for part in parts), source.channels]
    return source if starts == ends else None


def _parts(node: Node) -> list[Node]:
    return [part for source in node.inputs for part in _parts(source)] if (
        node.op == "Concat") else [node]


def _joined(a: str, b: str) -> str:
    """The common parent of two paths, with what is left of both."""
    left, right = a.split("."), b.split(".")
    common = 0
    while common < min(len(left), len(right)) - 1 and left[common] == right[common]:
        common += 1
    rest = "_".join(left[common:] + right[common:])
    return ".".join([*left[:common], rest])


RULES: tuple[Rule, ...] = (_fold_back, _mean, _fold_on, _mask_attention, _whole_slices, _merge,
                           _sum_first, _weighed)
