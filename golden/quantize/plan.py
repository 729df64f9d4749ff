"""Who reads what a layer of weights writes, which decides the scales that it may have."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import torch

from golden.layers import Add, Conv, HeadSum, Weights
from golden.net import Net
from ir import IMAGE

__all__ = ["Plan", "Reader", "make_plan"]


class Reader(Enum):
    """Where the sums of a layer of weights go, through pools and other parts that keep units."""

    NEURONS = "neurons"
    """To neurons alone, or a gain per channel: any scale, a channel's own."""

    WEIGHTS = "weights"
    """To weights that mix channels: any scale, one for all channels."""

    STREAM = "stream"
    """To where several writers meet: powers of two, aligned by shifts."""

    LOGITS = "logits"
    """Nowhere further: any scale, one for all classes."""


@dataclass(frozen=True)
class Plan:
    """Reader of every layer of weights; the writers of each stream, and their units' ratios.

    A stream's writers may stand before or behind averages, which are sums in integers: ``ratios``
    says how many times the stream's resolution a writer's unit is.
    """

    readers: dict[str, Reader]
    streams: tuple[tuple[str, ...], ...]
    ratios: dict[str, float]


def make_plan(net: Net) -> Plan:
    """Find the streams of a float network; ValueError where spikes and currents would be added."""
    readers = {name: _reader(net, name) for name, layer in net.named_layers()
               if isinstance(layer, Weights)}
    streams, ratios = [], {}
    for group in _groups(net):
        if not any(isinstance(net.layer(name), Add) for name in group if name != IMAGE):
            continue
        writers = tuple(name for name in group if name in readers)
        others = [name for name in group
                  if name == IMAGE or not net.layer(name).ties and name not in readers]
        if writers and others:
            raise ValueError(f"Currents of {writers[0]!r} and what {others[0]!r} makes are added: "
                             "put weights, a DepthwiseConv of 1x1 perhaps, behind the latter")
        if writers:
            streams.append(writers)
            ratios |= _ratios(net, group, writers)
            readers |= dict.fromkeys(writers, Reader.STREAM)
    return Plan(readers, tuple(streams), ratios)


def _groups(net: Net) -> Iterable[list[str]]:
    """Tensors whose units follow from one another, each group in topological order."""
    groups: dict[str, list[str]] = {IMAGE: [IMAGE]}
    for name, layer in net.named_layers():
        merged = [name]
        for each in dict.fromkeys(net.inputs[name][:layer.ties]):
            if groups[each] is not merged:
                merged = groups[each] + merged
            for member in merged:
                groups[member] = merged
        groups[name] = merged
    order = {name: i for i, name in enumerate(net.shapes)}
    distinct = {id(group): group for group in groups.values()}
    return [sorted(group, key=order.__getitem__) for group in distinct.values()]


def _reader(net: Net, writer: str) -> Reader:
    """The most demanding reader of a layer of weights that is no stream's."""
    found, waiting, last = Reader.NEURONS, [writer], next(reversed(net.shapes))
    while waiting:
        name = waiting.pop()
        if name == last:
            return Reader.LOGITS
        for reader in net.readers(name):
            layer = net.layer(reader)
            if isinstance(layer, Conv | HeadSum):
                found = Reader.WEIGHTS
            elif name in net.inputs[reader][:layer.ties]:
                waiting.append(reader)
    return found


def _ratios(net: Net, group: list[str], writers: tuple[str, ...]) -> dict[str, float]:
    ratios = {writers[0]: 1.0}
    edges = [(each, name, _factor(net, name)) for name in group
             for each in net.inputs[name][:net.layer(name).ties]]
    while len(ratios) < len(group):
        for source, name, factor in edges:
            if source in ratios:
                ratios.setdefault(name, ratios[source] * factor)
            elif name in ratios:
                ratios[source] = ratios[name] / factor
    for source, name, factor in edges:
        if abs(ratios[source] * factor / ratios[name] - 1) > 1e-6:
            raise ValueError(f"Layer {name!r} joins a stream with an average of itself: put "
                             "weights, a DepthwiseConv of 1x1 perhaps, behind the average")
    least = min(ratios[name] for name in writers)
    return {name: ratios[name] / least for name in writers}


def _factor(net: Net, name: str) -> float:
    """How many times its inputs' unit the output's of a layer is."""
    layer, inputs = net.layer(name), net.inputs[name]
    ones = [torch.ones(net.shapes[each][1], dtype=torch.float64) for each in inputs]
    return float(layer.unit(net.shapes[inputs[0]], *ones)[0])
