"""What can be chosen when a graph is folded: cuts of its tensors, and widths of searches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from hdl.cuts import Cuts
from hdl.folded_conv import LARGEST_FOLDED, most_adders
from hdl.layout import Layout
from hdl.lowering import edges
from hdl.ops import Association, ConvFolding, ConvForm, Folding, SelfAttentionFolding
from hdl.pixel_input import Packing, row_positions
from hdl.weights import Weights
from ir import IMAGE, Graph, Node
from ir.ops import Concat, Conv, Gate, HeadSum, SelfAttention

__all__ = ["IN_ROWS", "Choice", "Cut", "Group", "Pins", "Space", "folded_space"]

LARGEST_SEARCH = 32
"""Bits of a word in which ones are searched, where a beat has no more. A cycle finds one of them:
wider words are faster only where fewer than one of 32 is set."""

Pins = Mapping[str, Mapping[str, int | str]]
"""Fields of foldings that are given, by node: see :mod:`hdl.pins`."""

IN_ROWS = (ConvForm.FOLDED, ConvForm.TABLES)
"""Forms that take and give all channels of a time step before the next."""


@dataclass(frozen=True)
class Cut:
    """How tensors travel, see :class:`Layout`.

    A ``whole`` one has all channels of each tensor in a beat, the most that a tensor has being
    ``lanes``.
    """

    block: int
    lanes: int
    whole: bool = False


@dataclass(frozen=True, eq=False)
class Group:
    """Tensors that have one cut.

    Parameters
    ----------
    name : str
        The tensor that stands for all.
    tensors : tuple of str
    cuts : tuple of Cut
        What can be chosen.
    members : tuple of Node
        Those that take their cut from here.
    writers, readers : tuple of Node
        Convolutions and attentions, which have a folding, at the begin and at the end.
    """

    name: str
    tensors: tuple[str, ...]
    cuts: tuple[Cut, ...]
    members: tuple[Node, ...]
    writers: tuple[Node, ...]
    readers: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Choice:
    """One way to fold a graph: a cut for each group, a scan and a form for each convolution, an
    association for each attention.

    Convolutions without a form find events; the others search nothing, and have no scan of their
    own. ``weights`` says where they lie that do not lie as in the whole space, ``associations``
    which attentions do not have the first association that they can have.
    """

    cuts: Mapping[str, Cut] = field(default_factory=dict)
    scans: Mapping[str, int] = field(default_factory=dict)
    forms: Mapping[str, ConvForm] = field(default_factory=dict)
    weights: Mapping[str, Weights] = field(default_factory=dict)
    associations: Mapping[str, Association] = field(default_factory=dict)

    def but(self, cuts: Mapping[str, Cut], scans: Mapping[str, int],
            forms: Mapping[str, ConvForm] | None = None) -> "Choice":
        """This choice with some of it replaced."""
        return Choice({**self.cuts, **cuts}, {**self.scans, **scans},
                      {**self.forms, **(forms or {})}, self.weights, self.associations)

    def associated(self, associations: Mapping[str, Association]) -> "Choice":
        """This choice with other associations."""
        return replace(self, associations={**self.associations, **associations})


class Space:
    """The choices that a graph leaves.

    Parameters
    ----------
    graph : Graph
    pins : mapping, optional
        Fields of foldings that are given; they must be possible, see :func:`hdl.pins.check_pins`.
    folded : frozenset of str
        Convolutions that are folded to begin with, see :func:`folded_space`.
    loads : bool
        Whether weights are loaded wherever nothing else is said.

    Attributes
    ----------
    groups : dict of str to Group
        By name, the image's first.
    group_of : dict of str to str
        The group of each tensor.
    """

    def __init__(self, graph: Graph, pins: Pins | None = None,
                 folded: frozenset[str] = frozenset(), *, loads: bool = False):
        self.graph, self.pins, self.folded, self.loads = graph, pins or {}, folded, loads
        self.known_cuts = Cuts(graph)
        self.nodes = {node.name: node for node in graph.nodes}
        self.group_of = {name: self.known_cuts.group(name) for name in graph.types}
        # A gate that has a channel per head comes channel by channel.
        self._single = {self.group_of[node.inputs[1]] for node in graph.nodes
                        if isinstance(node.op, Gate)
                        and len({graph.types[name].channels for name in node.inputs}) == 2}
        self._layouts: dict[tuple[str, Cut], Layout] = {}
        tensors: dict[str, list[str]] = {}
        for name in graph.types:
            tensors.setdefault(self.group_of[name], []).append(name)
        self.groups = {name: self._group(name, tuple(inside)) for name, inside in tensors.items()}

    def layout(self, name: str, cut: Cut) -> Layout:
        """How tensor ``name`` travels in a cut."""
        key = name, cut
        if key not in self._layouts:
            kind = self.graph.types[name]
            wide = cut.lanes // cut.block
            self._layouts[key] = (
                Layout.of_whole(kind) if cut.whole
                else Layout(kind, kind.channels, kind.channels, wide) if wide > 1
                else Layout(kind, cut.block, cut.lanes))
        return self._layouts[key]

    def scans(self, node: Node, cut: Cut) -> list[int]:
        """The channels that a convolution can search per cycle in an input of this cut, rising."""
        cut, pinned = self.cut_of(node.inputs[0], cut), self.pins.get(node.name, {}).get("scan")
        if self.searchless(node):
            fitting = [cut.lanes]
            if self.form(node) in IN_ROWS and not self._in_order(node.inputs[0], cut):
                return []
        else:
            fitting = [scan for scan in range(cut.lanes, cut.block + 1, cut.lanes)
                       if cut.block % scan == 0]
        if pinned is not None:
            return [scan for scan in fitting if scan == pinned]
        bits = self.graph.types[node.inputs[0]].interval.bits
        return [scan for scan in fitting if scan * bits <= LARGEST_SEARCH or scan == fitting[0]]

    def cut_of(self, name: str, cut: Cut) -> Cut:
        """What a whole cut is of one tensor; any other stays as it is."""
        channels = self.graph.types[name].channels
        return Cut(channels, channels) if cut.whole else cut

    def _in_order(self, name: str, cut: Cut) -> bool:
        """Whether all channels of a time step come before the next."""
        kind = self.graph.types[name]
        return kind.steps == 1 or cut.block == kind.channels

    def free(self, node: Node) -> bool:
        """Whether a convolution may have any form."""
        return "form" not in self.pins.get(node.name, {})

    def form(self, node: Node) -> ConvForm | None:
        """The form that a convolution is given, or has to begin with, if any.

        Where others are folded, what is too large for that begins serial: nothing that searches
        is as fast.
        """
        if not self.free(node):
            return ConvForm(self.pins[node.name]["form"])
        if node.name in self.folded:
            return ConvForm.FOLDED
        return ConvForm.SERIAL if self.folded else None

    def searchless(self, node: Node) -> bool:
        """Whether a convolution begins with a form that takes every input as it comes."""
        return self.form(node) in IN_ROWS or (self.free(node) and self.form(node) is not None)

    def scan(self, node: Node, choice: Choice) -> int:
        """How many channels a convolution handles at its input: one without a search, a beat."""
        if choice.forms.get(node.name, ConvForm.EVENTS) is not ConvForm.EVENTS:
            (name,) = node.inputs
            return self.cut_of(name, choice.cuts[self.group_of[name]]).lanes
        return choice.scans[node.name]

    def weights(self, node: Node, choice: Choice) -> Weights:
        """Where the weights of a convolution lie in a choice."""
        form = choice.forms.get(node.name, ConvForm.EVENTS)
        return choice.weights.get(node.name) or self.stored(node, form)

    def stored(self, node: Node, form: ConvForm) -> Weights:
        """Where the weights of a convolution of a form lie where a choice does not say it."""
        if (given := self.pins.get(node.name, {}).get("weights")) is not None:
            return Weights(given)
        loaded = self.loads and form is ConvForm.EVENTS
        return Weights.LOADED if loaded else Weights.CONSTANT

    def associations(self, node: Node) -> tuple[Association, ...]:
        """The associations that an attention may have."""
        if (given := self.pins.get(node.name, {}).get("association")) is not None:
            return (Association(given),)
        spikes = self.graph.types[node.inputs[0]].is_spikes
        return tuple(Association) if spikes else (Association.KEYS_VALUES,)

    def association(self, node: Node, choice: Choice) -> Association:
        """The association of an attention in a choice."""
        return choice.associations.get(node.name) or self.associations(node)[0]

    def foldings(self, choice: Choice) -> dict[str, Folding]:
        """A choice as foldings of the nodes that have one."""
        found: dict[str, Folding] = {}
        for node in self.graph.nodes:
            cut = self.cut_of(node.name, choice.cuts[self.group_of[node.name]])
            if isinstance(node.op, Conv):
                found[node.name] = ConvFolding(
                    lanes=cut.block, drain=cut.lanes, scan=self.scan(node, choice),
                    form=choice.forms.get(node.name, ConvForm.EVENTS),
                    weights=self.weights(node, choice))
            elif isinstance(node.op, SelfAttention):
                found[node.name] = SelfAttentionFolding(
                    drain=cut.lanes, association=self.association(node, choice))
        return found

    def _group(self, name: str, inside: tuple[str, ...]) -> Group:
        engines = [node for node in self.graph.nodes if isinstance(node.op, Conv | SelfAttention)]
        return Group(
            name, inside, tuple(self._cuts(name, inside)),
            members=tuple(node for node in self.graph.nodes
                          if node.inputs[0] in inside and node not in engines),
            writers=tuple(node for node in engines if node.name in inside),
            readers=tuple(node for node in engines if node.inputs[0] in inside))

    def _cuts(self, name: str, inside: tuple[str, ...]) -> Iterator[Cut]:
        """The cuts that all sources of a group can make, narrow ones first."""
        if name == IMAGE:
            image, readers = self.graph.image, edges(self.graph, IMAGE)
            yield Cut(image.channels, 1)
            (first, _), *others = readers
            wide = Packing.of(image).per_beat
            if (wide > 1 and not others and isinstance(first.op, Conv)
                    and self.form(first) is ConvForm.FOLDED and row_positions(image)):
                yield Cut(image.channels, wide)
            return
        limit = 1 if name in self._single else self.known_cuts.limit(name)
        for block in range(1, limit + 1):
            if limit % block:
                continue
            for lanes in range(1, block + 1):
                if block % lanes == 0 and all(
                        self._makes(self.nodes[tensor], Cut(block, lanes)) for tensor in inside):
                    yield Cut(block, lanes)
        widest = max(self.graph.types[tensor].channels for tensor in inside)
        cut = Cut(widest, widest, whole=True)
        if widest > limit and all(self._makes(self.nodes[tensor], self.cut_of(tensor, cut))
                                  for tensor in inside):
            yield cut

    def _makes(self, node: Node, cut: Cut) -> bool:
        """Whether a node can have this cut at its output, as far as that does not come from
        its input."""
        pinned = self.pins.get(node.name, {})
        if pinned.get("drain", cut.lanes) != cut.lanes:
            return False
        match node.op:
            case Conv():
                last = node is self.graph.nodes[-1]
                in_rows = self.form(node) in IN_ROWS
                return (pinned.get("lanes", cut.block) == cut.block
                        and (not last or cut.lanes == 1)
                        and (not in_rows or self._in_order(node.name, cut)))
            case SelfAttention():
                head = node.op.head_channels(self.graph.types[node.inputs[0]])
                return cut.block == head * node.op.value_ratio and head % cut.lanes == 0
            case HeadSum():
                return cut == Cut(1, 1)
            case Concat():
                # What holds all channels of both leaves as one beat: that is a whole cut.
                return {cut.lanes} != {self.graph.types[name].channels for name in node.inputs}
            case _ if IMAGE in node.inputs:
                return cut == Cut(self.graph.image.channels, 1)
            case _:
                return True


def _foldable(graph: Graph) -> frozenset[str]:
    """The convolutions that can have their weights as logic.

    Not where only parts of the channels can come, or leave, at all time steps before the rest.
    """
    cuts = Cuts(graph)
    return frozenset(
        node.name for node in graph.nodes if isinstance(node.op, Conv)
        and 2 * node.op.padding < node.op.kernel and most_adders(node.op) <= LARGEST_FOLDED
        and all(graph.types[name].steps == 1 or cuts.limit(name) == graph.types[name].channels
                for name in (node.name, *node.inputs)))


def folded_space(space: Space) -> Space:
    """The choices with all convolutions folded to begin with that what is given lets be."""
    graph, pins, loads = space.graph, space.pins, space.loads
    wanted = Space(graph, pins, _foldable(graph), loads=loads)
    stuck = {node.name for group in wanted.groups.values()
             for node in (*group.writers, *(reader for reader in group.readers if not any(
                 wanted.scans(reader, cut) for cut in group.cuts)))
             if not group.cuts or node in group.readers}
    return Space(graph, pins, wanted.folded - stuck, loads=loads)
