"""A circuit for a graph: how it is folded, its files, its simulation and its cost."""

import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from flows import TARGETS, Router, SynthesisResult, get_target, synthesize
from golden import run
from hdl.cost import area, footprint
from hdl.emit import emit
from hdl.explanation import Explanation, Stop, explain
from hdl.folding import from_json, pins_of, whole
from hdl.solve import DoesNotFit, find, least
from hdl.timing import Timing, timing
from ir import Budget, Graph
from ir.block_ram import DP16KD, BlockRam
from ir.folder import load, save
from ir.staging import staged
from sim.activity import Activity, simulate_activity
from sim.bench_verilog import write_bench
from sim.neurons import Recording, record
from sim.run import SimulationResult, simulate
from sim.verify import Verification, verify
from spikeloom.errors import TargetTooSmall

__all__ = ["DEFAULT_TARGET", "Cost", "Design", "generate", "read_design"]

DEFAULT_TARGET = "ulx3s-85f"
NET = "net"
MANIFEST = "manifest.json"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a design takes, by the generators' cost models: nothing here was measured.

    Parameters
    ----------
    area : Budget
    timing : Timing or None
        Cycles for the images that the cost was asked for; None without images.
    """

    area: Budget
    timing: Timing | None
    kind: str = "estimated"


@dataclass(frozen=True, eq=False)
class Design:
    """A graph with a folding for each of its nodes; all of it in Verilog on request.

    Parameters
    ----------
    graph : Graph
    foldings : mapping of node name to folding
    target : str or None
        What the foldings were chosen for.
    folder : Path or None
        Where its files lie already, see :func:`read_design`.
    explanation : Explanation or None
        Why the foldings are what they are, where they were chosen just now; see :meth:`explain`.
    """

    graph: Graph
    foldings: Mapping[str, Any]
    target: str | None = None
    folder: Path | None = None
    explanation: Explanation | None = None
    _rooms: list[TemporaryDirectory] = field(default_factory=list, repr=False)

    def write(self, folder: str | Path) -> None:
        """Write the rtl folder: Verilog, memory contents, test bench, documents and the graph.

        It appears whole or not at all, and replaces an older design. The same design gives the
        same bytes. Raises ValueError if the folder holds something else.
        """
        with staged(folder, MANIFEST) as fresh:
            self._fill(fresh)

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The class of each image uint8 ``[N, C, H, W]``, int64 ``[N]``, by the integer network.

        The circuit's classes are the same: :meth:`verify` shows it.
        """
        return run.logits(self.graph, images).argmax(1)

    def simulate(self, images: np.ndarray, *, trace: bool | Iterable[str] = False,
                 processes: int | None = None, waves: str | Path | None = None,
                 progress: Progress | None = None) -> SimulationResult:
        """Run images uint8 ``[N, C, H, W]`` through the circuit: logits, cycles, latencies.

        Arguments as for :func:`sim.run.simulate`.
        """
        return simulate(self._home(), images, trace=trace, processes=processes, waves=waves,
                        progress=progress)

    def verify(self, images: np.ndarray, labels: np.ndarray | None = None, *,
               trace_images: int = 16, processes: int | None = None,
               progress: Progress | None = None) -> Verification:
        """Compare the circuit with the integer network on images uint8 ``[N, C, H, W]``.

        All logits of all images and every tensor of the first ``trace_images`` are compared.
        Arguments as for :func:`sim.verify.verify`.
        """
        return verify(self._home(), images, labels, trace_images=trace_images,
                      processes=processes, progress=progress)

    def activity(self, images: np.ndarray, *, progress: Progress | None = None) -> Activity:
        """How often the circuit's wires toggle on images uint8 ``[N, C, H, W]``, by simulation.

        :func:`spikeloom.energy.power.model_power` makes a power of it.
        """
        return simulate_activity(self._home(), images, progress=progress)

    def record(self, image: np.ndarray) -> Recording:
        """Membranes and spikes inside the circuit for one image, uint8 ``[C, H, W]``.

        See :func:`sim.neurons.record`.
        """
        return record(self._home(), image)

    def synthesize(self, target: str | None = None, *, clock_mhz: float | None = None,
                   seed: int = 1, router: Router = Router.FIRST,
                   work: str | Path | None = None, minutes: float | None = None,
                   progress: Callable[[str], None] | None = None) -> SynthesisResult:
        """Build the circuit for a target, by default its own, as far as a bitstream.

        Arguments as for :func:`flows.synthesize`.
        """
        return synthesize(self._home(), target or self.target or DEFAULT_TARGET,
                          clock_mhz=clock_mhz, seed=seed, router=router, work=work,
                          minutes=minutes, progress=progress)

    def cost(self, images: np.ndarray | None = None) -> Cost:
        """Area, and for images uint8 ``[N, C, H, W]`` cycles, by the cost models."""
        cycles = None
        if images is not None:
            cycles = timing(self.graph, self.foldings, run.trace(self.graph, images))
        return Cost(area=area(self.graph, self.foldings, blocks=_blocks(self.target)),
                    timing=cycles)

    def explain(self, images: np.ndarray | None = None, *,
                clock_mhz: float | None = None) -> Explanation:
        """What each stage takes, which is the slowest and why, by the cost models.

        For images uint8 ``[N, C, H, W]``, or the activity that the graph states; at a clock, by
        default the target's.
        """
        tensors = None if images is None else run.trace(self.graph, images)
        return explain(self.graph, self.foldings, tensors, blocks=_blocks(self.target),
                       clock_mhz=clock_mhz or get_target(self.target or DEFAULT_TARGET).clock_mhz)

    def _fill(self, place: Path) -> None:
        for name, content in emit(self.graph, self.foldings, target=self.target).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
        save(self.graph, place / NET)
        images = _vectors(self.graph)
        write_bench(place, images, run.logits(self.graph, images))

    def _home(self) -> Path:
        """The folder that is simulated: the design's own, or a temporary one for its lifetime."""
        if self.folder is not None:
            return self.folder
        if not self._rooms:
            self._rooms.append(TemporaryDirectory(prefix="spikeloom-"))
            self._fill(Path(self._rooms[0].name))
        return Path(self._rooms[0].name)


def _blocks(target: str | None) -> BlockRam:
    """The block RAM that a target's areas are counted in."""
    return TARGETS[target].device.block_ram if target in TARGETS else DP16KD


def _vectors(graph: Graph) -> np.ndarray:
    """Images for the test bench: black, white, and noise of several brightnesses."""
    high, shape = graph.image.interval.high, run.image_shape(graph)
    rng = np.random.default_rng(0)
    levels = [0, high, *(rng.integers(0, level + 1, shape) for level in (high, high, high // 4))]
    return np.stack([np.broadcast_to(level, shape) for level in levels]).astype(np.uint8)


def generate(graph: Graph, target: str = DEFAULT_TARGET, *, fps: float | None = None,
             fit: float | None = None, clock_mhz: float | None = None,
             foldings: Mapping[str, Any] | None = None,
             calibration: np.ndarray | None = None, bursts: bool = False) -> Design:
    """A design for a graph, folded for a target.

    A circuit that the target cannot hold is folded as small as it can be, to be simulated:
    :exc:`spikeloom.errors.TargetTooSmall` warns what is short, and which targets would do.

    Parameters
    ----------
    graph : Graph
    target : str
        A known FPGA board or device.
    fps : float, optional
        Images per second to reach with the least area; default: as many as fit.
    fit : float, optional
        The share of each of the target's resources to fill at most, by the fastest circuit there
        is, with weights as logic where that is faster. Default: the target's, with weights as logic
        only where that is smaller.
    clock_mhz : float, optional
        The clock that ``fps`` is reached at; default: the target's.
    foldings : mapping, optional
        Foldings of your own, by node. Of every node that has one: nothing is solved then. Of some
        nodes, or mappings with some of their fields: those stay, the others are chosen.
    calibration : uint8 array ``[N, C, H, W]``, optional
        Images whose activity the stages are balanced for; default: the activity that the graph
        states (measured when it was quantised), or a spike rate of 0.25.
    bursts : bool
        Whether buffers are sized for the calibration images, too, so that stages that work in
        bursts do not wait for each other: the whole pipeline is played some dozens of times.

    Raises
    ------
    ValueError
        For an unknown target, foldings that are impossible, more images per second than it can
        reach, or bursts without calibration images.
    """
    goal = get_target(target)
    clock = goal.clock_mhz if clock_mhz is None else clock_mhz
    if foldings is not None and whole(foldings, graph):
        return Design(graph, foldings, target)
    pins, blocks = pins_of(foldings or {}), goal.device.block_ram
    tensors = None if calibration is None else run.trace(graph, calibration)
    try:
        found = find(graph, goal.budget, tensors=tensors, fps=fps, clock_mhz=clock,
                     fit=goal.fit if fit is None else fit, logic=fit is not None,
                     bursts=bursts, blocks=blocks, pins=pins)
    except DoesNotFit as error:
        smallest = least(graph, pins)
        warnings.warn(f"{error}\nTargets that would hold it: {_holding(graph, smallest)}",
                      TargetTooSmall, stacklevel=2)
        return Design(graph, smallest, target, explanation=explain(
            graph, smallest, tensors, clock_mhz=clock, stop=Stop.TOO_LARGE, wanted_fps=fps,
            short=tuple(error.need.excess(error.budget)), blocks=blocks))
    return Design(graph, found.foldings, target, explanation=found.explanation)


def _holding(graph: Graph, foldings: Mapping[str, Any]) -> str:
    """The targets that are large enough, as text."""
    need = footprint(graph, foldings)
    larger = [name for name, target in TARGETS.items()
              if not need.on(target.device.block_ram).excess(target.budget)]
    return ", ".join(larger) or "none that is known"


def read_design(place: str | Path) -> Design:
    """The design in an rtl folder; its Verilog there is what will be simulated.

    Raises FileNotFoundError or ValueError for a folder that is missing, damaged or something else.
    """
    place = Path(place)
    if not (place / MANIFEST).is_file():
        raise FileNotFoundError(f"{place} is no generated design, it has no {MANIFEST}; make one "
                                "with `spikeloom generate`")
    graph = load(place / NET)
    try:
        manifest = json.loads((place / MANIFEST).read_text())
        target, foldings = manifest["target"], from_json(manifest["foldings"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{place} is damaged ({error!r}); generate the design again") from error
    return Design(graph, foldings, target, place.absolute())
