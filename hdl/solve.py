"""Chooses foldings: the least area for a rate, or the most rate for an area."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from hdl.activity import drawn
from hdl.burst_buffers import against_bursts
from hdl.cost import area
from hdl.explanation import Explanation, Stop, explain
from hdl.folding_search import Prices, Search, TooSlow
from hdl.folding_space import Choice, Pins, Space, folded_space
from hdl.ops import Folding
from hdl.pins import check_pins, parted
from hdl.stage_costs import Costs
from hdl.weight_stores import stored
from ir import Budget, Graph
from ir.block_ram import DP16KD, BlockRam

__all__ = ["DoesNotFit", "Solution", "find", "least", "solve"]

DEARER = 3.0
"""By how much a resource that is short becomes dearer."""

BARGAINS = 4
"""Prices that are tried before a rate is given up for want of room."""

CLOSE = 0.005
"""How near to what is impossible the cycles of the fastest design come, as a share."""

FIRST_STEP = 0.01

ORDINARY = Budget(luts=83_640, ffs=83_640, brams=208, dsps=156)
"""What resources are worth where no device is named: those of an LFE5U-85F."""


class DoesNotFit(ValueError):
    """A design that is larger than what it may use.

    Attributes
    ----------
    need, budget : :class:`Budget`
        What the smallest design takes, and what there is.
    """

    def __init__(self, name: str, need: Budget, budget: Budget):
        self.need, self.budget = need, budget
        short = ", ".join(f"{resource} {getattr(need, resource)} of "
                          f"{getattr(budget, resource)} ({amount} too many)"
                          for resource, amount in need.excess(budget).items())
        super().__init__(f"{name!r} does not fit, folded as small as it can be: {short}")


@dataclass(frozen=True, eq=False)
class Solution:
    """Foldings of every node that has one, and why they are what they are."""

    foldings: dict[str, Folding]
    explanation: Explanation


def solve(graph: Graph, budget: Budget, *, tensors: Mapping[str, np.ndarray] | None = None,
          fps: float | None = None, clock_mhz: float = 100.0, fit: float = 0.8,
          logic: bool = False, blocks: BlockRam = DP16KD,
          pins: Pins | None = None) -> dict[str, Folding]:
    """The foldings that :func:`find` finds."""
    return find(graph, budget, tensors=tensors, fps=fps, clock_mhz=clock_mhz, fit=fit,
                logic=logic, blocks=blocks, pins=pins).foldings


def find(graph: Graph, budget: Budget, *, tensors: Mapping[str, np.ndarray] | None = None,
         fps: float | None = None, clock_mhz: float = 100.0, fit: float = 0.8,
         logic: bool = False, bursts: bool = False, blocks: BlockRam = DP16KD,
         pins: Pins | None = None) -> Solution:
    """Choose a folding for every node that has one.

    The smallest design that takes ``fps`` images per second at ``clock_mhz``, or, without
    ``fps``, the fastest that takes at most the fraction ``fit`` of each resource of ``budget``,
    and of those as fast the smallest: no stage gets more than the slowest one needs. Small is
    what takes little of the budget, all resources together.

    Parameters
    ----------
    graph : Graph
    budget : Budget
        Its block RAM in ``blocks``.
    tensors : mapping, optional
        Golden traces of a few images, ``[N, T, C, H, W]``: the activity to balance for; without
        them the activity that the graph states, or a spike rate of 0.25.
    logic : bool
        Whether weights may become logic to be as fast as fits; else they do where that is smaller.
        For ``fps`` they do where nothing else is fast enough.
    bursts : bool
        Whether buffers are sized for the bursts of ``tensors``, too, see
        :mod:`hdl.burst_buffers`.
    pins : mapping, optional
        Fields of foldings that are fixed, by node, and of buffers, by edge; the rest is chosen.

    A design whose weights do not fit the block RAM has some of them loaded after reset, where the
    device has larger memories.

    Raises
    ------
    DoesNotFit
        When even the smallest design is larger than the budget.
    ValueError
        For an ``fps`` that cannot be reached or does not fit, a ``fit`` outside 0 to 1, pins
        that are impossible, or bursts without images.
    """
    if not 0 < fit <= 1:
        raise ValueError(f"fit must be above 0 and at most 1, not {fit}")
    if fps is not None and fps <= 0:
        raise ValueError(f"fps must be positive, not {fps}")
    if clock_mhz <= 0:
        raise ValueError(f"clock_mhz must be positive, not {clock_mhz}")
    if bursts and tensors is None:
        raise ValueError("Buffers against bursts need calibration images: none were given")
    if pins:
        check_pins(pins, graph)
    pins, buffers = parted(pins or {})
    costs = Costs(Space(graph, pins), drawn(graph) if tensors is None else tensors, blocks)
    try:
        smallest = _smallest(costs, budget)
    except DoesNotFit:
        if blocks.large is None:
            raise
        costs = Costs(Space(graph, pins, loads=True), costs.tensors, blocks)
        smallest = _smallest(costs, budget)
    if fps is None:
        found = _fastest(costs, budget.scaled(fit), smallest, logic=logic)
    else:
        plan = _Plan(costs, budget)
        choice = plan.within(clock_mhz * 1e6 / fps)
        if choice is None:
            # Beyond what engines that find events reach, weights become logic.
            choice = _Plan(_in_logic(costs), budget).within(clock_mhz * 1e6 / fps)
        if choice is None:
            raise ValueError(_unreached(plan.fastest(smallest), costs, fps, clock_mhz))
        found = _Found(choice, Stop.REACHED)
    foldings = costs.space.foldings(found.choice)
    if fps is None and _all_fixed(foldings, pins):
        found = _Found(found.choice, Stop.GIVEN)
    foldings |= buffers
    smoothed = None
    if bursts and tensors is not None:
        limit = budget if fps else budget.scaled(fit)
        smoothed = against_bursts(graph, foldings, tensors, lambda some: not area(
            graph, some, blocks=blocks).excess(limit))
    if smoothed:
        foldings |= smoothed.foldings
    return Solution(foldings, explain(
        graph, foldings, tensors, clock_mhz=clock_mhz, stop=found.stop, short=found.short,
        wanted_fps=fps, blocks=blocks, bursts=smoothed))


def _in_logic(costs: Costs) -> Costs:
    """The same, but for weights, which are logic to begin with."""
    return Costs(folded_space(costs.space), costs.tensors, costs.blocks)


def _fastest(costs: Costs, limit: Budget, smallest: Choice, *, logic: bool) -> "_Found":
    plan = _Plan(costs, limit)
    found = plan.fastest(smallest)
    if not logic:
        folds = found.stop is Stop.WIDEST and folded_space(costs.space).folded
        return replace(found, stop=Stop.LOGIC_ASIDE) if folds else found
    other = _Plan(_in_logic(costs), limit)
    faster = other.fastest(found.choice)
    if other.slowest(faster.choice) < plan.slowest(found.choice):
        return faster
    return replace(faster, choice=found.choice)


def _all_fixed(foldings: Mapping[str, Folding], pins: Pins) -> bool:
    return all(pins.get(name) == asdict(folding) for name, folding in foldings.items())


def least(graph: Graph, pins: Pins | None = None) -> dict[str, Folding]:
    """The smallest foldings of a graph, as resources of an LFE5U-85F are worth."""
    if pins:
        check_pins(pins, graph)
    pins, buffers = parted(pins or {})
    costs = Costs(Space(graph, pins), {}, DP16KD)
    return costs.space.foldings(_least(costs, Prices.within(ORDINARY))) | buffers


@dataclass(frozen=True, eq=False)
class _Found:
    choice: Choice
    stop: Stop
    short: tuple[str, ...] = ()


def _smallest(costs: Costs, budget: Budget) -> Choice:
    """The smallest choice, or, where that does not fit, another small one that does."""
    prices = Prices.within(replace(ORDINARY, urams=budget.urams))
    first = choice = stored(costs, _least(costs, prices), budget)
    for _ in range(BARGAINS):
        if not (excess := costs.area(choice).excess(budget)):
            return choice
        prices = prices.raised(_dearer(excess), DEARER)
        choice = stored(costs, _least(costs, prices), budget)
    raise DoesNotFit(costs.graph.name, costs.area(first), budget)


def _dearer(excess: Mapping[str, int]) -> set[str]:
    """What becomes dearer: weights lie in block RAM or in UltraRAM, so both are short or none."""
    return {*excess, *({"brams", "urams"} if excess.keys() & {"brams", "urams"} else ())}


def _least(costs: Costs, prices: Prices) -> Choice:
    try:
        return Search(costs, prices).smallest()
    except TooSlow as error:
        group = costs.space.groups[error.stage]
        raise ValueError(f"{costs.graph.name!r} cannot be folded so: "
                         f"{costs.refusal(group, group.cuts[-1])}") from error


def _unreached(best: _Found, costs: Costs, fps: float, clock_mhz: float) -> str:
    services = Search(costs, Prices.within(ORDINARY)).services(best.choice)
    slowest = max(services, key=lambda name: services[name])
    why = f"; faster ones are short of {', '.join(best.short)}" if best.short else ""
    return (f"{costs.graph.name!r} reaches {clock_mhz * 1e6 / services[slowest]:.0f} images per "
            f"second at {clock_mhz:g} MHz, not {fps:g}: stage {slowest!r} needs "
            f"{services[slowest]:.0f} cycles per image{why}")


class _Plan:
    """Choices inside a limit; remembers why the last one that was asked for is none."""

    def __init__(self, costs: Costs, limit: Budget):
        self.costs, self.limit = costs, limit
        self.search = Search(costs, Prices.within(limit))
        self.short: tuple[str, ...] = ()

    def within(self, cycles: float,
               how: Callable[[Search, float], Choice] = Search.settled) -> Choice | None:
        """A small choice of at most so many cycles that fits; ``how`` says how to look for it."""
        search = self.search
        for _ in range(BARGAINS):
            try:
                choice = stored(self.costs, how(search, cycles), self.limit)
            except TooSlow:
                self.short = ()
                return None
            if not (excess := self.costs.area(choice).excess(self.limit)):
                return choice
            self.short = tuple(excess)
            search = Search(self.costs, search.prices.raised(_dearer(excess), DEARER))
        return None

    def slowest(self, choice: Choice) -> float:
        return max(self.search.services(choice).values())

    def fastest(self, smallest: Choice) -> _Found:
        """The fastest choice, at worst ``smallest``."""
        if excess := self.costs.area(smallest).excess(self.limit):
            return _Found(smallest, Stop.FULL, tuple(excess))
        most = self.slowest(smallest)
        failed = self._floor(most)
        cycles, step, short = failed, FIRST_STEP, ()
        while (choice := self.within(cycles)) is None:
            failed, short = cycles, self.short
            if cycles >= most:
                return _Found(smallest, Stop.FULL if short else Stop.WIDEST, short)
            cycles, step = min(most, cycles * (1 + step)), 2 * step
        reached = self.slowest(choice)
        while reached > failed * (1 + CLOSE):
            middle = (reached + failed) / 2
            closer = self.within(middle)
            if closer is None:
                failed, short = middle, self.short
            else:
                choice, reached = closer, min(middle, self.slowest(closer))
        if not short and self.within(reached * (1 - CLOSE)) is None:
            short = self.short
        return _Found(choice, Stop.FULL if short else Stop.WIDEST, short)

    def _floor(self, most: float) -> float:
        """Cycles that even the halves of engines cannot be brought below inside the limit."""
        low, high = self.search.bound, most
        if self.within(low, Search.halved) is not None:
            return low
        while high > low * (1 + CLOSE):
            middle = (low + high) / 2
            if self.within(middle, Search.halved) is None:
                low = middle
            else:
                high = middle
        return low
