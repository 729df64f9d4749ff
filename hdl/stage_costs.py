# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""What every choice costs: cycles and area of each stage, computed once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hdl.area import Area
from hdl.cost import FRONT, shortcut_area
from hdl.folding_space import IN_ROWS, Choice, Cut, Group, Space
from hdl.lowering import Known, Stage, lower, relays
from hdl.ops import Association, ConvFolding, ConvForm, Folding, SelfAttentionFolding
from hdl.relay import Relay
from hdl.shortcuts import shortcuts
from hdl.weights import Weights
from hdl.window_load import WindowLoad
from ir import Budget, Node
from ir.block_ram import BlockRam
from ir.ops import Conv, SelfAttention

__all__ = ["Costs", "Option"]

@dataclass(frozen=True, eq=False)
class Option:
    """One cut of one group, and what it means for the stages around it."""

    costs: "Costs"
    group: Group
    cut: Cut

    @cached_property
    def possible(self) -> bool:
        """Whether the components around can have this cut."""
        return self.costs.refusal(self.group, self.cut) is None

    @cached_property
    def bound(self) -> float:
        """Cycles per image that nothing with this cut is below; known without any component."""
        costs, cut = self.costs, self.cut
        parts = [costs.beats(name, cut) for name in self.group.tensors]
        parts += [costs.adding(node, cut) for node in self.group.writers
                  if isinstance(node.op, Conv)]
        parts += [min(cycles for _, cycles in scans) for scans in self.searches.values() if scans]
        return max(parts)

    @cached_property
    def fastest(self) -> float:
        """The fewest cycles per image with this cut, engines by their halves."""
        return max(self.bound, self.costs.group_cycles(self.group, self.cut))

    @cached_property
    def searches(self) -> dict[str, tuple[tuple[int, float], ...]]:
        """The scans of each convolution that reads the group, rising, with the cycles of each."""
        costs = self.costs
        return {node.name: tuple((scan, costs.searching(node, scan))
                                 for scan in costs.space.scans(node, self.cut))
                for node in self.group.readers if isinstance(node.op, Conv)}

    @property
    def scans(self) -> dict[str, list[int]]:
        """The scans of each convolution that reads the group, rising."""
        return {node.name: self.costs.space.scans(node, self.cut)
                for node in self.group.readers if isinstance(node.op, Conv)}

    @cached_property
    def area(self) -> Budget:
        """Of what takes this cut, without the searches of convolutions that read it."""
        return self.costs.group_area(self.group, self.cut)

    def search_area(self, name: str, scan: int) -> Budget:
        """Of a convolution that reads this cut, relative to other cuts and scans."""
        return self.costs.reader_area(self.costs.space.nodes[name], self.cut, scan)


class Costs:
    """Cycles and area of the stages of a graph, for any choice.

    The engines are counted in two halves. A convolution's search depends on the cut of its input,
    its adding on that of its output; cycles and area of both are known apart. That is exact for
    the area up to a constant. The cycles of a whole engine, where halves wait for each other, are
    a little more: :meth:`service` has them exactly.

    Parameters
    ----------
    space : Space
    tensors : mapping of str to array ``[N, T, C, H, W]``
        The data to be fast for.
    blocks : BlockRam
        What block RAM is counted in.
    """

    def __init__(self, space: Space, tensors: Mapping[str, np.ndarray], blocks: BlockRam):
        self.space, self.graph, self.tensors, self.blocks = space, space.graph, tensors, blocks
        self.front = FRONT.on(blocks)
        self._known: Known = {}
        self._stages: dict[tuple, Stage] = {}
        self._cycles: dict[Stage, float] = {}
        self._areas: dict[object, Budget] = {}
        self._options: dict[tuple[str, Cut], Option] = {}
        self._loads: dict[tuple[str, int], WindowLoad] = {}
        self._halves: dict[tuple, float] = {}
        self._relayed = {name for name in self.graph.types
                         if name in space.nodes and relays(self.graph, name)}
        self._plain = {name: group.cuts[0] for name, group in space.groups.items() if group.cuts}

    def options(self, group: Group) -> list[Option]:
        """The cuts of a group, :attr:`Option.possible` or not."""
        for cut in group.cuts:
            self._options.setdefault((group.name, cut), Option(self, group, cut))
        return [self._options[group.name, cut] for cut in group.cuts]

    def service(self, node: Node, choice: Choice) -> float:
        """Cycles per image that a node needs for itself."""
        return self._service(self._chosen(node, choice), node)

    def area(self, choice: Choice) -> Budget:
        """Of the whole design."""
        parts = [self._area(self._chosen(node, choice)) for node in self.graph.nodes]
        parts += [self._joints(group, choice.cuts[name])
                  for name, group in self.space.groups.items()]
        return sum(parts, self.front)

    def around(self, group: Group, choice: Choice) -> Budget:
        """Of all that a change of one group's cut, or of the forms around it, changes."""
        nodes = {node.name: node for node in (*group.members, *group.writers, *group.readers)}
        return sum((self._area(self._chosen(node, choice)) for node in nodes.values()),
                   self._joints(group, choice.cuts[group.name]))

    def stage_area(self, node: Node, choice: Choice) -> Budget:
        """Of a node's component."""
        return self._area(self._chosen(node, choice))

    def possible(self, node: Node, choice: Choice) -> bool:
        """Whether an engine can be built so, with what is given of its folding."""
        scan = self.space.pins.get(node.name, {}).get("scan")
        if scan is not None and scan != self.space.scan(node, choice):
            return False
        try:
            self._chosen(node, choice)
        except ValueError:
            return False
        return True

    def refusal(self, group: Group, cut: Cut) -> str | None:
        """Why components around a group cannot have a cut: they know it themselves."""
        try:
            for node in group.members:
                self._stage(node, cut, None, None)
            for node in group.writers:
                self._writing(node, cut)
            for node in group.readers:
                if isinstance(node.op, SelfAttention):
                    self._asking(node, cut)
                elif not self.space.scans(node, cut):
                    return f"Node {node.name!r} cannot search blocks of {cut.block}"
        except ValueError as error:
            return str(error)
        return None

    def group_cycles(self, group: Group, cut: Cut) -> float:
        """Cycles per image of the stages that take a cut, of engines that do not search."""
        found = [self._service(self._stage(node, cut, None, None), node)
                 for node in group.members]
        for nodes, stages in ((group.writers, self._answering), (group.readers, self._asking)):
            found += [min(self._service(stage, node) for stage in stages(node, cut))
                      for node in nodes if isinstance(node.op, SelfAttention)]
        return max(found, default=0.0)

    def group_area(self, group: Group, cut: Cut) -> Budget:
        """Of all that takes a cut, see :meth:`Option.area`."""
        parts = [self._area(self._stage(node, cut, None, None)) for node in group.members]
        parts += [self._area(self._writing(node, cut)) for node in group.writers]
        parts += [self._area(self._asking(node, cut)[0]) for node in group.readers
                  if isinstance(node.op, SelfAttention)]
        return sum(parts, self._joints(group, cut))

    def reader_area(self, node: Node, cut: Cut, scan: int) -> Budget:
        """Of a convolution with this cut at its input and a plain one at its output."""
        return self._area(self._reading(node, cut, scan))

    def adding(self, node: Node, cut: Cut) -> float:
        """Cycles per image in which a convolution adds, were its lists always there."""
        if self.space.searchless(node):
            return self.beats(node.name, cut)
        cut = self.space.cut_of(node.name, cut)
        groups = cut.block // cut.lanes
        key = node.name, groups
        if key not in self._halves:
            replay = self._load(node, 1).replay
            self._halves[key] = np.maximum(replay, groups).sum() / self._images(node)
        return self._halves[key] * node.op.out_channels / cut.block

    def searching(self, node: Node, scan: int) -> float:
        """Cycles per image in which a convolution searches, were its windows always there."""
        if self.space.form(node) is ConvForm.FOLDED:
            return float(self.graph.types[node.inputs[0]].values // scan)
        if self.space.searchless(node):
            out = self.graph.types[node.name]
            words = node.op.kernel**2 * node.op.in_channels // scan
            return float(out.positions * out.steps * words)
        key = node.name, "search", scan
        if key not in self._halves:
            self._halves[key] = self._load(node, scan).search.sum() / self._images(node)
        return self._halves[key]

    def beats(self, name: str, cut: Cut) -> float:
        """Beats per image of a tensor."""
        return float(self.space.layout(name, cut).image_beats)

    def _images(self, node: Node) -> int:
        return len(self.tensors[node.inputs[0]])

    def _load(self, node: Node, scan: int) -> WindowLoad:
        key = node.name, scan
        if key not in self._loads:
            (source,) = node.inputs
            self._loads[key] = WindowLoad(node.op, self.graph.types[source], scan,
                                          self.tensors[source])
        return self._loads[key]

    def _chosen(self, node: Node, choice: Choice) -> Stage:
        cuts, group_of = choice.cuts, self.space.group_of
        read, written = cuts[group_of[node.inputs[0]]], cuts[group_of[node.name]]
        if isinstance(node.op, SelfAttention):
            return self._attention(node, read, written, self.space.association(node, choice))
        scan = self.space.scan(node, choice) if isinstance(node.op, Conv) else None
        return self._stage(node, read, written, scan,
                           choice.forms.get(node.name, ConvForm.EVENTS),
                           self.space.weights(node, choice))

    def _writing(self, node: Node, cut: Cut) -> Stage:
        """An engine with a plain input, or for an attention the fastest."""
        group = self.space.group_of[node.inputs[0]]
        if isinstance(node.op, SelfAttention):
            return self._answering(node, cut)[0]
        if (form := self.space.form(node)) in IN_ROWS:
            widest = self.space.groups[group].cuts[-1]
            lanes = self.space.cut_of(node.inputs[0], widest).lanes
            return self._stage(node, widest, cut, lanes, form)
        plain, scans = next((plain, scans) for plain in self.space.groups[group].cuts
                            if (scans := self.space.scans(node, plain)))
        return self._stage(node, plain, cut, scans[0], self._begun(node))

    def _reading(self, node: Node, cut: Cut, scan: int) -> Stage:
        """A convolution with a plain output."""
        group = self.space.group_of[node.name]
        widest = self.space.groups[group].cuts[-1]
        form = self._begun(node)
        return self._stage(node, cut, widest if form in IN_ROWS else self._plain[group], scan,
                           form)

    def _begun(self, node: Node) -> ConvForm:
        """The form in which a convolution's halves are priced."""
        form = self.space.form(node) if self.space.searchless(node) else None
        return form or ConvForm.EVENTS

    def _answering(self, node: Node, cut: Cut) -> list[Stage]:
        """An attention with this cut at its output, of each association that can have it: with
        the widest cut that it can read."""
        group = self.space.groups[self.space.group_of[node.inputs[0]]]

        def widest(association: Association) -> Stage:
            for read in reversed(group.cuts):
                try:
                    return self._attention(node, read, cut, association)
                except ValueError:
                    continue
            raise ValueError(f"Node {node.name!r} can read no cut of {node.inputs[0]!r}")

        return self._associations(node, widest)

    def _asking(self, node: Node, cut: Cut) -> list[Stage]:
        """An attention with this cut at its input, of each association that can have it: with the
        widest output."""
        written = self.space.groups[self.space.group_of[node.name]].cuts[-1]
        return self._associations(
            node, lambda association: self._attention(node, cut, written, association))

    def _associations(self, node: Node, made: Callable[[Association], Stage]) -> list[Stage]:
        """The stages of those associations that can be made; raises ValueError where none can."""
        found, refused = [], ValueError(f"Node {node.name!r} has no association")
        for association in reversed(self.space.associations(node)):
            try:
                found.insert(0, made(association))
            except ValueError as error:
                refused = error
        if not found:
            raise refused
        return found

    def _attention(self, node: Node, read: Cut, written: Cut, association: Association) -> Stage:
        return self._stage(node, read, written, None, association=association)

    def _stage(self, node: Node, read: Cut, written: Cut | None, scan: int | None,
               form: ConvForm = ConvForm.EVENTS, weights: Weights | None = None,
               association: Association = Association.KEYS_VALUES) -> Stage:
        engine = isinstance(node.op, Conv | SelfAttention)
        weights = weights or self.space.stored(node, form)
        key = node.name, read, written if engine else None, scan, form, weights, association
        if key not in self._stages:
            source = self.space.group_of[node.inputs[0]]
            inputs = tuple(self.space.layout(name, read if self.space.group_of[name] == source
                                             else self._plain[self.space.group_of[name]])
                           for name in node.inputs)
            folding = (_folding(node, self.space.cut_of(node.name, written), scan, form, weights,
                                association) if written and engine else None)
            self._stages[key] = lower(node, inputs, folding, self._known)
        return self._stages[key]

    def _service(self, stage: Stage, node: Node) -> float:
        if stage not in self._cycles:
            self._cycles[stage] = stage.service(tuple(self.tensors[name] for name in node.inputs))
        return self._cycles[stage]

    def _area(self, stage: Stage) -> Budget:
        if stage not in self._areas:
            self._areas[stage] = stage.area.on(self.blocks)
        return self._areas[stage]

    def _joints(self, group: Group, cut: Cut) -> Budget:
        """The relays and the buffers of shortcuts on a group's tensors."""
        key = group.name, cut
        if key not in self._areas:
            parts = [Relay.area(self.space.layout(name, cut).bits) for name in group.tensors
                     if name in self._relayed]
            parts += [shortcut_area(shortcut, self.space.layout(shortcut.source, cut))
                      for shortcut in shortcuts(self.graph) if shortcut.source in group.tensors]
            self._areas[key] = sum(parts, Area()).on(self.blocks)
        return self._areas[key]


def _folding(node: Node, cut: Cut, scan: int | None, form: ConvForm, weights: Weights,
             association: Association) -> Folding:
    if isinstance(node.op, SelfAttention):
        return SelfAttentionFolding(drain=cut.lanes, association=association)
    assert scan is not None
    return ConvFolding(lanes=cut.block, drain=cut.lanes, scan=scan, form=form, weights=weights)
