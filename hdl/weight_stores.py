"""Chooses where weights lie: in block RAM, in logic, or loaded after reset into larger memories."""

from dataclasses import replace

from hdl.folding_space import Choice
from hdl.ops import ConvForm
from hdl.stage_costs import Costs
from hdl.weights import Weights
from ir import Budget
from ir.ops import Conv

__all__ = ["stored"]


def stored(costs: Costs, choice: Choice, limit: Budget) -> Choice:
    """The choice with weights where there is room for them, as few of them in logic as can be.

    The smallest are in logic, as many as must be; of the others, the set that leaves the most block
    RAM is loaded into the larger memories. Where nothing fits, none are in logic. Nothing changes
    where no weights are loaded.
    """
    if not costs.space.loads:
        return choice
    free = sorted((node for node in costs.graph.nodes if isinstance(node.op, Conv)
                   and choice.forms.get(node.name, ConvForm.EVENTS) is ConvForm.EVENTS
                   and "weights" not in costs.space.pins.get(node.name, {})),
                  key=lambda node: node.op.weight.size)
    needs = {weights: {node.name: costs.stage_area(node, _all(choice, free, weights))
                       for node in free} for weights in (Weights.CONSTANT, Weights.LOADED)}
    first = None
    for count in range(len(free) + 1):
        rest = [node.name for node in free[count:]]
        spared = {name: (needs[Weights.CONSTANT][name].brams - needs[Weights.LOADED][name].brams,
                         needs[Weights.LOADED][name].urams) for name in rest}
        loaded = _most_spared(spared, limit.urams)
        found = replace(choice, weights={
            **{node.name: Weights.LOGIC for node in free[:count]},
            **{name: Weights.LOADED if name in loaded else Weights.CONSTANT for name in rest}})
        if not costs.area(found).excess(limit):
            return _kept(costs, found, limit)
        first = first or found
    return first or choice


def _kept(costs: Costs, choice: Choice, limit: Budget) -> Choice:
    """The choice with weights in block RAM for which there is room, the largest first."""
    for name in reversed([name for name, where in choice.weights.items()
                          if where is Weights.LOGIC]):
        other = replace(choice, weights={**choice.weights, name: Weights.CONSTANT})
        if not costs.area(other).excess(limit):
            choice = other
    return choice


def _all(choice: Choice, nodes: list, weights: Weights) -> Choice:
    return replace(choice, weights={node.name: weights for node in nodes})


def _most_spared(spared: dict[str, tuple[int, int]], room: int) -> frozenset[str]:
    """The names that take at most ``room`` and spare the most: what each spares and takes."""
    best: list[tuple[int, frozenset[str]]] = [(0, frozenset())] * (room + 1)
    for name, (gain, need) in sorted(spared.items()):
        for within in range(room, need - 1, -1):
            before, names = best[within - need]
            if before + gain > best[within][0]:
                best[within] = before + gain, names | {name}
    return best[room][1]
