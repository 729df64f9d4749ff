# amaranth: UnusedElaboratable=no
# Components are also made to be priced and compared, most of them never to be built.
"""Why a design is folded as it is: what each stage takes, and what bounds the whole."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np

from hdl.activity import drawn
from hdl.burst_buffers import Bursts
from hdl.cost import FRONT, stage_areas
from hdl.lowering import Lowering
from hdl.ops import Association, ConvForm, Folding
from hdl.timing import services
from hdl.window_load import WindowLoad
from ir import IMAGE, Budget, Graph, Node
from ir.block_ram import DP16KD, BlockRam
from ir.ops import Conv, SelfAttention

__all__ = ["Explanation", "Limit", "StageExplanation", "Stop", "explain"]


class Limit(StrEnum):
    """What a stage spends its cycles on."""

    INPUT = "taking beats in"
    SEARCH = "finding spikes"
    ADD = "adding weights"
    MULTIPLY = "multiplying inputs"
    ATTENTION = "counting and asking"
    SCORES = "scoring tokens"


class Stop(StrEnum):
    """Why nothing was widened further."""

    GIVEN = "all foldings were given"
    REACHED = "the rate asked for is reached"
    FULL = "nothing faster fits"
    WIDEST = "nothing makes the slowest stage faster"
    LOGIC_ASIDE = "nothing makes the slowest stage faster, more weights as logic left aside"
    TOO_LARGE = "the smallest design is larger than the target"


@dataclass(frozen=True, kw_only=True)
class StageExplanation:
    """One stage.

    Parameters
    ----------
    name, op : str
    folding : Folding or None
        None takes the cut of its input.
    cycles : float
        Per image, by itself, never waiting for another stage.
    share : float
        Of the slowest stage's cycles.
    area : Budget
        Estimated, the buffers in front of it included.
    limit : Limit
        What most of the cycles are for.
    """

    name: str
    op: str
    folding: Folding | None
    cycles: float
    share: float
    area: Budget
    limit: Limit


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """All stages of a design, and why it is as fast as it is; all of it estimated.

    Parameters
    ----------
    stages : tuple of StageExplanation
        In the order of the pipeline, the input first.
    slowest : str
        The stage that bounds the pipeline.
    cycles : float
        Its cycles per image: no pipeline of these stages takes fewer.
    clock_mhz : float
    images : int or None
        How many images' activity the cycles are of; None: one image drawn at
        the activity that the graph states, see :func:`hdl.activity.drawn`.
    wanted_fps : float or None
        The images per second asked for.
    stop : Stop
    short : tuple of str
        The resources that were short when ``stop`` is FULL or TOO_LARGE.
    area, front : Budget
        Of the whole design; of its AXI ports and registers, which are no stage.
    bursts : Bursts or None
        Buffers that were sized for the bursts of the images.
    """

    stages: tuple[StageExplanation, ...]
    slowest: str
    cycles: float
    clock_mhz: float
    images: int | None
    wanted_fps: float | None
    stop: Stop
    short: tuple[str, ...]
    area: Budget
    front: Budget
    bursts: Bursts | None = None
    kind: str = "estimated"

    @property
    def fps(self) -> float:
        """Images per second at the clock, at most."""
        return self.clock_mhz * 1e6 / self.cycles

    @property
    def reason(self) -> str:
        """Why the search ended, in a sentence."""
        slowest = next(stage for stage in self.stages if stage.name == self.slowest)
        bound = (f"{self.slowest} takes {self.cycles:.0f} cycles per image, most of them for "
                 f"{slowest.limit}: at most {self.fps:.0f} images per second at "
                 f"{self.clock_mhz:g} MHz")
        short = f" (short of {', '.join(self.short)})" if self.short else ""
        return f"{bound}; {self.stop}{short}"

    def as_dict(self) -> dict:
        """All of it as JSON's own types."""
        stages = [{"name": stage.name, "op": stage.op,
                   "folding": asdict(stage.folding) if stage.folding else None,
                   "cycles": stage.cycles, "share": stage.share, "limit": str(stage.limit),
                   "area": vars(stage.area)} for stage in self.stages]
        return {"kind": self.kind, "slowest": self.slowest, "cycles_per_image": self.cycles,
                "clock_mhz": self.clock_mhz, "images": self.images, "fps": self.fps,
                "wanted_fps": self.wanted_fps, "stop": self.stop.name.lower(),
                "short": list(self.short), "reason": self.reason,
                "front": vars(self.front), "stages": stages,
                "bursts": asdict(self.bursts) if self.bursts else None}


def explain(graph: Graph, foldings: Mapping[str, Folding],
            tensors: Mapping[str, np.ndarray] | None = None, *, clock_mhz: float,
            stop: Stop = Stop.GIVEN, short: tuple[str, ...] = (),
            wanted_fps: float | None = None, blocks: BlockRam = DP16KD,
            bursts: Bursts | None = None) -> Explanation:
    """Explain foldings of every node that has one.

    ``tensors`` are golden traces, ``[N, T, C, H, W]``; without them data are drawn, see
    :func:`hdl.activity.drawn`. Raises ValueError for foldings that the graph cannot have.
    """
    images = None if tensors is None else len(tensors[IMAGE])
    tensors = drawn(graph) if tensors is None else tensors
    lowering = Lowering(graph, foldings)
    cycles = services(lowering, tensors)
    areas = {name: area.on(blocks) for name, area in stage_areas(lowering).items()}
    slowest = max(cycles, key=lambda name: cycles[name])
    front = FRONT.on(blocks)
    nodes = {node.name: node for node in graph.nodes}
    stages = tuple(
        StageExplanation(
            name=name, op=type(nodes[name].op).__name__ if name in nodes else "PixelInput",
            folding=foldings.get(name), cycles=needed, share=needed / cycles[slowest],
            area=areas.get(name, Budget()),
            limit=_limit(lowering, nodes[name], tensors) if name in nodes else Limit.INPUT)
        for name, needed in cycles.items())
    return Explanation(stages=stages, slowest=slowest, cycles=cycles[slowest],
                       clock_mhz=clock_mhz, images=images, wanted_fps=wanted_fps, stop=stop,
                       short=short, area=sum(areas.values(), front), front=front,
                       bursts=bursts)


def _limit(lowering: Lowering, node: Node, tensors: Mapping[str, np.ndarray]) -> Limit:
    if isinstance(node.op, SelfAttention):
        scores = lowering.foldings[node.name].association is Association.SCORES
        return Limit.SCORES if scores else Limit.ATTENTION
    if not isinstance(node.op, Conv):
        return Limit.INPUT
    (source,) = node.inputs
    images, a, out = tensors[source], lowering.layouts[source], lowering.layouts[node.name]
    if lowering.foldings[node.name].form is ConvForm.SERIAL:
        return Limit.MULTIPLY
    if lowering.foldings[node.name].form is ConvForm.FOLDED:
        return Limit.INPUT
    if lowering.foldings[node.name].form is ConvForm.TABLES:
        return Limit.ADD
    load = WindowLoad(node.op, a.tensor, lowering.foldings[node.name].scan, images)
    parts = {Limit.ADD: np.maximum(load.replay, out.groups).sum() * out.blocks / len(images),
             Limit.SEARCH: load.search.sum() / len(images), Limit.INPUT: a.image_beats}
    return max(parts, key=lambda limit: parts[limit])
