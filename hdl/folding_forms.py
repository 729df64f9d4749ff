"""Chooses the forms of convolutions: serial where there are cycles to spare, folded where few are;
and the associations of attentions."""

from collections.abc import Callable, Iterator
from math import inf

from hdl.folded_conv import most_adders
from hdl.folding_space import Choice
from hdl.ops import ConvForm
from hdl.stage_costs import Costs, Option
from ir import Budget, Node
from ir.ops import Conv, SelfAttention

__all__ = ["Forms"]

SEARCHLESS = (ConvForm.SERIAL, ConvForm.FOLDED)
"""Forms that search nothing and are tried; tables are built only where a person asks for them."""

NARROW = 8
"""Cuts of a group that are looked at: the narrowest that are fast enough."""


class Forms:
    """Makes choices cheaper: convolutions that find events get other forms.

    Prices of whole stages are compared, cut by cut: what a serial convolution takes is no sum of
    what its two halves take.

    Parameters
    ----------
    costs : Costs
    price : callable
        Of a need.
    """

    def __init__(self, costs: Costs, price: Callable[[Budget], float]):
        self.costs, self.space, self.price = costs, costs.space, price
        self.groups = costs.space.groups

    def cheaper(self, choice: Choice, cycles: float = inf) -> Choice:
        """The choice with convolutions of other forms, attentions of another association, and
        other cuts around them, where that is cheaper and no stage that took at most ``cycles``
        takes more."""
        for node in self.costs.graph.nodes:
            if isinstance(node.op, Conv) and self.space.free(node):
                group = self.space.group_of[node.name]
                others = [self._formed(choice, [node], form)
                          for form in (ConvForm.EVENTS, *SEARCHLESS)]
                choice = self._best(group, choice, others, cycles)
        for name in self.groups:
            choice = self._best(name, choice, self._others(name, choice, cycles), cycles)
        return choice

    def _formed(self, choice: Choice, nodes: list[Node], form: ConvForm) -> Choice:
        return choice.but({}, {}, {node.name: form for node in nodes
                                   if isinstance(node.op, Conv) and self.space.free(node)})

    def _others(self, name: str, choice: Choice, cycles: float) -> Iterator[Choice]:
        """Other cuts of a group, its writers as they are or of another form."""
        group = self.groups[name]
        options = sorted(self.costs.options(group), key=lambda o: (o.cut.lanes, o.cut.block))
        found = 0
        for option in options:
            if found == NARROW:
                return
            scans = self._scans(option, choice, cycles)
            if option.possible and scans is not None and self._passes(option, cycles):
                changed = choice.but({name: option.cut}, scans)
                found += 1
                yield changed
                for form in SEARCHLESS:
                    yield self._formed(changed, list(group.writers), form)
                for node in (*group.writers, *group.readers):
                    if isinstance(node.op, SelfAttention):
                        yield from (changed.associated({node.name: association})
                                    for association in self.space.associations(node))

    def _scans(self, option: Option, choice: Choice, cycles: float) -> dict[str, int] | None:
        """The least scan of each reader that finds events; None where none is fast enough."""
        found: dict[str, int] = {}
        for reader, scans in option.scans.items():
            if choice.forms.get(reader, ConvForm.EVENTS) is not ConvForm.EVENTS:
                continue
            node = self.space.nodes[reader]
            fast = (scan for scan in scans
                    if cycles == inf or self.costs.searching(node, scan) <= cycles)
            if (scan := next(fast, None)) is None:
                return None
            found[reader] = scan
        return found

    def _passes(self, option: Option, cycles: float) -> bool:
        """Whether what takes a cut is fast enough with it."""
        return cycles == inf or cycles >= max(
            self.costs.group_cycles(option.group, option.cut),
            *(self.costs.beats(name, option.cut) for name in option.group.tensors))

    def _best(self, name: str, choice: Choice, others: "list[Choice] | Iterator[Choice]",
              cycles: float) -> Choice:
        """The cheapest of a choice and others that differ from it around one group only."""
        group = self.groups[name]
        engines = [node for node in (*group.writers, *group.readers)
                   if isinstance(node.op, Conv | SelfAttention)]
        best, least = choice, self.price(self.costs.around(group, choice))
        for other in others:
            if self._hopeless(other, choice, engines) or not all(
                    self.costs.possible(node, other) for node in engines):
                continue
            price = self.price(self.costs.around(group, other))
            if price < least and all(self._fast(node, other, choice, cycles) for node in engines):
                best, least = other, price
        return best

    def _hopeless(self, other: Choice, choice: Choice, engines: list[Node]) -> bool:
        """Whether a convolution's adders alone cost more than what it is now: to find out exactly
        how many of them there are takes time."""
        return any(
            isinstance(node.op, Conv) and other.forms.get(node.name) is ConvForm.FOLDED
            and choice.forms.get(node.name) is not ConvForm.FOLDED
            and self.price(Budget(luts=most_adders(node.op))) > self.price(
                self.costs.stage_area(node, choice))
            for node in engines)

    def _fast(self, node: Node, other: Choice, choice: Choice, cycles: float) -> bool:
        return cycles == inf or self.costs.service(node, other) <= max(
            cycles, self.costs.service(node, choice))
