"""Looks for the cheapest choice of foldings in which every stage takes no more than its cycles."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import inf

from hdl.folding_forms import Forms
from hdl.folding_space import Choice, Cut
from hdl.stage_costs import Costs, Option
from ir import Budget, Node
from ir.ops import Conv, SelfAttention

__all__ = ["Prices", "Search", "TooSlow"]

MARGINS = (1.0, 0.97, 0.93, 0.87, 0.8, 0.65, 0.5)
"""Of the cycles of a stage, what its halves may take: they wait for each other the less the more
one of them has to spare."""

TRIALS = 12
"""Choices, cheapest first, that are tried for one stage with each margin."""

NARROW = 4
"""Lanes of a beat, blocks for each, and scans for each of them, that are looked at: the least that
suit."""

CHEAPER = 4
"""Cheaper cuts that are tried for a group when all stages are fast enough."""


class TooSlow(Exception):
    """No choice makes a stage as fast as asked for.

    Attributes
    ----------
    stage : str
    """

    def __init__(self, stage: str):
        self.stage = stage
        super().__init__(stage)


@dataclass(frozen=True)
class Prices:
    """What a unit of each resource is worth: a price makes needs of several comparable."""

    luts: float
    ffs: float
    brams: float
    dsps: float
    urams: float = 0.0

    @classmethod
    def within(cls, limit: Budget) -> "Prices":
        """Shares of a budget."""
        return cls(2 / max(1, limit.luts), 0.5 / max(1, limit.ffs), 1 / max(1, limit.brams),
                   1 / max(1, limit.dsps), 1 / max(1, limit.urams))

    def raised(self, names: Iterable[str], factor: float) -> "Prices":
        """With some resources dearer."""
        return Prices(**{name: price * (factor if name in names else 1)
                         for name, price in vars(self).items()})

    def of(self, need: Budget) -> float:
        """The price of a need."""
        return (self.luts * need.luts + self.ffs * need.ffs + self.brams * need.brams
                + self.dsps * need.dsps + self.urams * need.urams)


@dataclass(frozen=True, eq=False)
class _Offer:
    """A cut for a group, with scans for the convolutions that read it."""

    price: float
    option: Option
    scans: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class _Change:
    """Cuts and scans around one engine."""

    price: float
    cuts: Mapping[str, Cut]
    scans: Mapping[str, int]


class Search:
    """Chooses group by group; where two halves of an engine wait for each other, both again.

    Each group gets the cheapest cut with which the stages around it are fast enough by
    themselves (:meth:`balanced`). The cycles of an engine as a whole may be more than those of
    its halves. Then the cheapest pair of cuts, at its begin and at its end, is taken that is fast
    enough; at last every group gets a cheaper cut if one turns out to do (:meth:`settled`).

    Parameters
    ----------
    costs : Costs
    prices : Prices
    """

    def __init__(self, costs: Costs, prices: Prices):
        self.costs, self.space, self.prices = costs, costs.space, prices
        self.groups = costs.space.groups
        self.engines = [node for node in costs.graph.nodes
                        if isinstance(node.op, Conv | SelfAttention)]
        self._options = {name: costs.options(group) for name, group in self.groups.items()}
        self._priced: dict[Option | tuple[Option, str, int], float] = {}
        self._forms = Forms(costs, prices.of)

    @property
    def bound(self) -> float:
        """No choice takes fewer cycles per image."""
        return max(min(option.bound for option in options) for options in self._options.values())

    def smallest(self) -> Choice:
        """The cheapest choice of all."""
        return self._forms.cheaper(self._each(lambda name: self._narrow(
            name, lambda option: True, lambda option: option.scans), inf))

    def balanced(self, cycles: float) -> Choice:
        """The cheapest choice in which the half of every stage takes at most ``cycles``.

        Raises TooSlow when there is none.
        """
        return self._each(lambda name: self._fitting(name, cycles), cycles)

    def halved(self, cycles: float) -> Choice:
        """As :meth:`balanced`, and then serial where that is cheaper; raises TooSlow."""
        return self._forms.cheaper(self.balanced(cycles), cycles)

    def settled(self, cycles: float) -> Choice:
        """A cheap choice in which every stage takes at most ``cycles``; raises TooSlow."""
        choice = self.balanced(cycles)
        for node in self.engines:
            if self.costs.service(node, choice) > cycles:
                choice = self._hastened(choice, node, cycles)
        return self._forms.cheaper(self.shrunk(choice, cycles), cycles)

    def shrunk(self, choice: Choice, cycles: float) -> Choice:
        """The choice with every group and search as cheap as is fast enough."""
        for name in self.groups:
            current = self._option(name, choice)
            price = self._price(current, {reader: choice.scans[reader]
                                          for reader in current.searches})
            cheaper = [offer for offer in self._fitting(name, cycles) if offer.price < price]
            for offer in cheaper[:CHEAPER]:
                changed = self._associated(choice.but({name: offer.option.cut}, offer.scans),
                                           self._engines_at([name]), cycles)
                if all(self.costs.service(node, changed) <= cycles
                       for node in self._engines_at([name])):
                    choice = changed
                    break
        return choice

    def services(self, choice: Choice) -> dict[str, float]:
        """Cycles per image of each stage by itself."""
        return {node.name: self.costs.service(node, choice) for node in self.costs.graph.nodes}

    def _each(self, offers: Callable[[str], list["_Offer"]], cycles: float) -> Choice:
        """The cheapest offer for every group, and the cheapest associations for them."""
        cuts: dict[str, Cut] = {}
        scans: dict[str, int] = {}
        for name in self.groups:
            if not (found := offers(name)):
                raise TooSlow(name)
            cuts[name] = found[0].option.cut
            scans |= found[0].scans
        forms = {node.name: form for node in self.engines
                 if (form := self.space.form(node)) is not None}
        return self._associated(Choice(cuts, scans, forms), self.engines, cycles)

    def _associated(self, choice: Choice, nodes: Iterable[Node], cycles: float) -> Choice:
        """The choice with the cheapest association of each attention among nodes that is fast
        enough with its cuts, or the fastest."""
        for node in nodes:
            if not isinstance(node.op, SelfAttention):
                continue
            others = [other for association in self.space.associations(node)
                      if self.costs.possible(node, other := choice.associated(
                          {node.name: association}))]
            if fast := [other for other in others
                        if cycles == inf or self.costs.service(node, other) <= cycles]:
                choice = min(fast, key=lambda each: self.prices.of(
                    self.costs.stage_area(node, each)))
            elif others:
                choice = min(others, key=lambda each: self.costs.service(node, each))
        return choice

    def _fitting(self, name: str, cycles: float) -> list["_Offer"]:
        """Cuts of a group with which its stages take at most ``cycles``, cheapest first."""
        return self._narrow(
            name, lambda option: option.bound <= cycles and option.fastest <= cycles,
            lambda option: {reader: [scan for scan, needed in scans if needed <= cycles]
                            for reader, scans in option.searches.items()})

    def _narrow(self, name: str, suits: Callable[[Option], bool],
                scans: Callable[[Option], Mapping[str, list[int]]]) -> list["_Offer"]:
        """The narrowest options of a group that suit, cheapest first.

        Wider ones cost more, but for a block RAM or two: few are looked at.
        """
        found: dict[int, list[_Offer]] = {}
        for option in sorted(self._options[name], key=lambda o: (o.cut.lanes, o.cut.block)):
            lanes = option.cut.lanes
            if lanes not in found and len(found) == NARROW:
                break
            if len(found.get(lanes, ())) < NARROW and option.possible and suits(option):
                taken = {reader: min(fitting[:NARROW], key=lambda scan: self._search_price(
                    option, reader, scan)) for reader, fitting in scans(option).items()}
                found.setdefault(lanes, []).append(
                    _Offer(self._price(option, taken), option, taken))
        return sorted((offer for offers in found.values() for offer in offers),
                      key=lambda offer: offer.price)

    def _price(self, option: Option, scans: Mapping[str, int]) -> float:
        if option not in self._priced:
            self._priced[option] = self.prices.of(option.area)
        return self._priced[option] + sum(self._search_price(option, name, scan)
                                          for name, scan in scans.items())

    def _search_price(self, option: Option, name: str, scan: int) -> float:
        key = option, name, scan
        if key not in self._priced:
            self._priced[key] = self.prices.of(option.search_area(name, scan))
        return self._priced[key]

    def _hastened(self, choice: Choice, node: Node, cycles: float) -> Choice:
        """The choice with the cuts around a node changed, so that it is fast enough."""
        for margin in MARGINS:
            changes = sorted(self._around(choice, node, margin * cycles),
                             key=lambda change: change.price)
            for change in changes[:TRIALS]:
                changed = self._associated(choice.but(change.cuts, change.scans),
                                           self._engines_at(change.cuts), cycles)
                if (self.costs.service(node, changed) <= cycles
                        and self._no_worse(changed, choice, change.cuts, cycles)):
                    return changed
        raise TooSlow(node.name)

    def _option(self, name: str, choice: Choice) -> Option:
        return next(option for option in self._options[name] if option.cut == choice.cuts[name])

    def _around(self, choice: Choice, node: Node, cycles: float) -> Iterator["_Change"]:
        """Choices for the groups before and behind a node that are fast enough by halves."""
        before, behind = (self.space.group_of[name] for name in (node.inputs[0], node.name))
        names = [before] if before == behind else [before, behind]
        for offers in product(*(self._fitting(name, cycles) for name in names)):
            price, first = sum(offer.price for offer in offers), offers[0]
            cuts = {name: offer.option.cut for name, offer in zip(names, offers, strict=True)}
            scans = {reader: self._kept(choice, offer, reader)
                     for offer in offers for reader in offer.scans}
            yield _Change(price, cuts, scans)
            if node.name not in scans:
                continue
            price -= self._search_price(first.option, node.name, first.scans[node.name])
            for other, needed in first.option.searches[node.name]:
                if other != scans[node.name] and needed <= cycles:
                    yield _Change(price + self._search_price(first.option, node.name, other),
                                  cuts, scans | {node.name: other})

    @staticmethod
    def _kept(choice: Choice, offer: "_Offer", reader: str) -> int:
        """The scan of a convolution: one that was widened before stays so where the cut allows."""
        return max([offer.scans[reader], *(scan for scan, _ in offer.option.searches[reader]
                                           if scan <= choice.scans[reader])])

    def _no_worse(self, changed: Choice, before: Choice, groups: Iterable[str],
                  cycles: float) -> bool:
        """Whether no engine around changed groups became too slow that was not."""
        return all(self.costs.service(node, changed) <= max(
            cycles, self.costs.service(node, before)) for node in self._engines_at(groups))

    def _engines_at(self, groups: Iterable[str]) -> list[Node]:
        return [node for name in groups
                for node in (*self.groups[name].writers, *self.groups[name].readers)]
