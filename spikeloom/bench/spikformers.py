"""Spikformers as they are published: cycles, simulation, generation."""

import json
import resource
import subprocess
import sys
import time
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from flows import get_target
from golden.data import load
from golden.layers.weights import settle
from golden.net import Net
from golden.quantize import Scheme, quantize
from golden.run import trace
from golden.zoo.spikformer import spikformer
from hdl.ops import ConvFolding
from ir import Graph
from spikeloom.bench.row import ESTIMATED, Finding, Goal, NotMeasured, Peer
from spikeloom.bench.run import Check, Setting
from spikeloom.bench.trained_spikformer import about, trained
from spikeloom.design import Design, generate

__all__ = ["CHECKS", "random_net", "spike_rate"]

TARGET = "zcu104"
FPS = 300
SETTLED = 64
CALIBRATION = 32
FOLDED_FOR = 8
TIMED = 4
JUDGED = 500
SEED = 0

PUBLISHED_MS = 53
PUBLISHED_MHZ = 200
"""Of the fixed Spikformer-1-384 of tooddler/FPGA_SpikingTransformer, in its paper's abstract."""


def random_net(images: np.ndarray, *, dim: int, blocks: int, heads: int) -> Net:
    """A Spikformer for 32x32 images and 4 time steps, its batch norms settled on ``images``."""
    net = spikformer(channels=3, height=32, width=32, classes=10, steps=4, dim=dim, heads=heads,
                     blocks=blocks, seed=SEED)
    settle(net, torch.from_numpy(images), batch=SETTLED // 2)
    return net.eval()


@cache
def _graph(data_dir: Path | None, folder: Path | None) -> Graph:
    """The trained Spikformer-1-384, in integers."""
    data = load("cifar10", data_dir)
    return quantize(trained(data, folder), data.train_images[:CALIBRATION],
                    scheme=Scheme(weight_bits=8)).graph("spikformer_1_384", {})


@cache
def _design(data_dir: Path | None, folder: Path | None) -> Design:
    """Folded for a rate, in front of which the whole pipeline stays behind a little."""
    images = load("cifar10", data_dir).train_images[:FOLDED_FOR]
    return generate(_graph(data_dir, folder), TARGET, fps=FPS, calibration=images)


def cycles(setting: Setting) -> Finding:
    """What the cost model says that the folded design takes."""
    data = load("cifar10", setting.data_dir)
    design = _design(setting.data_dir, setting.folder)
    images, labels = data.test_images[:JUDGED], data.test_labels[:JUDGED]
    cost = design.cost(images[:TIMED])
    timing = cost.timing
    assert timing is not None and timing.cycles_per_image is not None, "it was asked for images"
    budget = get_target(TARGET).budget
    if short := cost.area.excess(budget):
        raise NotMeasured(f"it does not fit {TARGET}: " + ", ".join(
            f"{amount} {resource} too many" for resource, amount in short.items()))
    accuracy = float(np.mean(design.predict(images) == labels))
    rate = spike_rate(design.graph, images[:CALIBRATION])
    filled = ", ".join(f"{getattr(cost.area, name):,} of {getattr(budget, name):,} {name}"
                       for name in vars(budget))
    where = Counter(str(folding.weights) for folding in design.foldings.values()
                    if isinstance(folding, ConvFolding))
    return Finding(
        value=timing.cycles_per_image, kind=ESTIMATED,
        how=f"cost model, {TIMED} test images back to back, folded for {FPS} images/s on {TARGET} "
            f"({filled}); weights of 8 bits in so many convolutions are "
            f"{', '.join(f'{kind}: {count}' for kind, count in sorted(where.items()))}; "
            f"{about(len(data.train_images))}; {accuracy:.1%} of {JUDGED} test images right in "
            f"integers, {rate:.1%} of all neurons' outputs spike",
        peers=(Peer("FPGA_SpikingTransformer, as published", PUBLISHED_MS * PUBLISHED_MHZ * 1000,
                    f"{PUBLISHED_MS} ms at {PUBLISHED_MHZ} MHz"),),
        figures={**vars(cost.area), "accuracy": accuracy, "spike_rate": rate,
                 "bound_cycles": timing.bound_cycles_per_image,
                 "interval_cycles": timing.cycles_per_image,
                 "latency_cycles": timing.latency_cycles})


def spike_rate(graph: Graph, images: np.ndarray) -> float:
    """The share of all neurons' outputs that are spikes."""
    names = [node.name for node in graph.nodes if graph.types[node.name].is_spikes]
    tensors = trace(graph, images, keep=names)
    return sum(int(x.sum()) for x in tensors.values()) / sum(x.size for x in tensors.values())


def simulation(setting: Setting) -> Finding:
    """One image through the Verilog, every value of every tensor compared."""
    data = load("cifar10", setting.data_dir)
    found = _design(setting.data_dir, setting.folder).verify(
        data.test_images[:1], data.test_labels[:1], trace_images=1, processes=1)
    if found.mismatches or not found.values_compared:
        raise NotMeasured(f"the circuit differs: {found.first_difference}")
    return Finding(
        value=found.seconds,
        how=f"one image, {found.values_compared} values of {len(found.tensors)} tensors equal, "
            f"one core, compiled before in {found.build_seconds:.0f} s; the trained network of "
            "cycles/spikformer-1-384, its loaded weights there from the beginning",
        figures={"cycles": found.cycles, "build_seconds": found.build_seconds,
                 "cycles_per_second": found.cycles / found.seconds})


@cache
def generation(blocks: int, dim: int = 512) -> dict[str, Any]:
    """Seconds and peak memory of a process that writes a Spikformer as Verilog."""
    with TemporaryDirectory(prefix="spikeloom-") as room:
        net = Path(room) / "net"
        _save(blocks, dim, net)
        done = subprocess.run([sys.executable, "-m", "spikeloom.bench.spikformers", net],
                              check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _save(blocks: int, dim: int, folder: Path) -> None:
    from ir.folder import save

    images = np.random.default_rng(SEED).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    net = random_net(images, dim=dim, blocks=blocks, heads=8)
    save(quantize(net, images, scheme=Scheme(weight_bits=8)).graph(f"spikformer_{dim}", {}),
         folder)


def seconds(setting: Setting) -> Finding:
    """How long the largest takes."""
    found = generation(8)
    return Finding(value=found["seconds"], figures=found,
                   how="read, fold as small as can be, Verilog and memory contents: processor "
                       "seconds of one process and its tools; random weights of 8 bits")


def memory(setting: Setting) -> Finding:
    """How much memory it takes at most."""
    found = generation(8)
    return Finding(value=found["peak_gb"], figures=found,
                   how="the same process's peak resident memory, and its tools' peak added")


def growth(setting: Setting) -> Finding:
    """Whether time grows with weights, or faster."""
    nets = [generation(1, 192), generation(1), generation(8)]
    rates = [net["seconds"] / net["weights"] for net in nets]
    steps = [after / before for before, after in pairwise(rates)]
    weights = ", ".join(f"{net['weights']:,} in {net['seconds']:.1f} s" for net in nets)
    return Finding(
        value=max(steps),
        how=f"seconds per weight over those of the next smaller network, the worse of two: weights "
            f"{weights}, ratios {', '.join(f'{step:.3f}' for step in steps)}",
        figures={f"seconds_of_{net['weights']}": net["seconds"] for net in nets})


def _generate(folder: Path) -> dict[str, Any]:
    from hdl.emit import emit
    from hdl.solve import least
    from ir.folder import load as load_graph
    from ir.ops import Conv

    started = time.monotonic()
    graph = load_graph(folder)
    files = emit(graph, least(graph))
    own, tools = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"seconds": sum(each.ru_utime + each.ru_stime for each in (own, tools)),
            "wall_seconds": time.monotonic() - started,
            "peak_gb": (own.ru_maxrss + tools.ru_maxrss) / 1e6,
            "megabytes": sum(map(len, files.values())) / 1e6,
            "weights": sum(node.op.weight.size for node in graph.nodes
                           if isinstance(node.op, Conv))}


CHECKS = (
    Check(name="cycles/spikformer-1-384", unit="cycles", goal=Goal(False, 1e6), measure=cycles),
    Check(name="simulate/spikformer-1-384", unit="s", goal=Goal(False, 60), measure=simulation),
    Check(name="generate/spikformer-8-512/time", unit="s", goal=Goal(False, 60), measure=seconds),
    Check(name="generate/spikformer-8-512/memory", unit="GB", goal=Goal(False, 4),
          measure=memory),
    Check(name="generate/growth", unit="ratio", goal=Goal(False, 1.2), measure=growth),
)

if __name__ == "__main__":
    print(json.dumps(_generate(Path(sys.argv[1]))))
