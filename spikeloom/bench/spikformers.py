"""Spikformers as they are published, of random weights: cycles, simulation, generation, speed."""

import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from functools import cache
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
from hdl.solve import find
from ir import Graph
from spikeloom.bench.row import ESTIMATED, Goal, NotMeasured, Row
from spikeloom.bench.run import Check, Setting
from spikeloom.design import Design

__all__ = ["CHECKS", "random_net", "small_graph"]

RANDOM = "random weights of 8 bits, batch norms settled on CIFAR-10 images"
TARGET = "zcu104"
SETTLED = 64
CALIBRATION = 32
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
def small_graph(data_dir: Path | None) -> Graph:
    """Spikformer-1-384 on CIFAR-10, in integers."""
    images = load("cifar10", data_dir).train_images
    net = random_net(images[:SETTLED], dim=384, blocks=1, heads=12)
    return quantize(net, images[:CALIBRATION],
                    scheme=Scheme(weight_bits=8)).graph("spikformer_1_384", {})


@cache
def _design(data_dir: Path | None) -> Design:
    """Folded for the target's logic alone: its block RAM holds no such network at any folding."""
    graph, target = small_graph(data_dir), get_target(TARGET)
    logic = replace(target.budget, brams=sys.maxsize)
    found = find(graph, logic, clock_mhz=target.clock_mhz, blocks=target.device.block_ram)
    return Design(graph, found.foldings, TARGET, explanation=found.explanation)


def cycles(setting: Setting) -> Row:
    """What the cost model says that the folded design takes."""
    design = _design(setting.data_dir)
    images = load("cifar10", setting.data_dir).test_images[:2]
    cost = design.cost(images)
    timing = cost.timing
    assert timing is not None and timing.cycles_per_image is not None, "it was asked for images"
    rate = _spike_rate(design.graph, images)
    short = ", ".join(f"{amount} {resource} too many" for resource, amount in
                      cost.area.excess(get_target(TARGET).budget).items())
    how = (f"cost model on {len(images)} CIFAR-10 images, folded for the logic of {TARGET}; "
           f"{RANDOM}; slowest stage {timing.slowest}")
    if short:
        how = (f"it does not fit {TARGET}: {short}; its logic alone would allow "
               f"{timing.cycles_per_image:,.0f} cycles per image (estimated; {how})")
    return Row(name="cycles/spikformer-1-384", unit="cycles", goal=Goal(False, 1e6),
               kind=ESTIMATED, value=None if short else timing.cycles_per_image, how=how,
               peer=f"FPGA_SpikingTransformer, as published: {PUBLISHED_MS} ms at "
                    f"{PUBLISHED_MHZ} MHz, {PUBLISHED_MS * PUBLISHED_MHZ * 1000:,} cycles",
               figures={**vars(cost.area), "bound_cycles": timing.bound_cycles_per_image,
                        "interval_cycles": timing.cycles_per_image,
                        "latency_cycles": timing.latency_cycles, "spike_rate": rate})


def _spike_rate(graph: Graph, images: np.ndarray) -> float:
    """The share of all neurons' outputs that are spikes."""
    names = [node.name for node in graph.nodes if graph.types[node.name].is_spikes]
    tensors = trace(graph, images, keep=names)
    return sum(int(x.sum()) for x in tensors.values()) / sum(x.size for x in tensors.values())


def simulation(setting: Setting) -> Row:
    """One image through the Verilog, every value of every tensor compared."""
    data = load("cifar10", setting.data_dir)
    found = _design(setting.data_dir).verify(data.test_images[:1], data.test_labels[:1],
                                             trace_images=1, processes=1)
    if found.mismatches or not found.values_compared:
        raise NotMeasured(f"the circuit differs: {found.first_difference}")
    return Row(name="simulate/spikformer-1-384", value=found.seconds, unit="s",
               goal=Goal(False, 60),
               how=f"one image, {found.values_compared} values of {len(found.tensors)} tensors "
                   f"equal, one core, compiled before; {RANDOM}",
               figures={"cycles": found.cycles, "build_seconds": found.build_seconds,
                        "cycles_per_second": found.cycles / found.seconds})


@cache
def generation(blocks: int) -> dict[str, Any]:
    """Seconds and peak memory of a process that writes a Spikformer of width 512 as Verilog."""
    with TemporaryDirectory(prefix="spikeloom-") as room:
        net = Path(room) / "net"
        _save(blocks, net)
        done = subprocess.run([sys.executable, "-m", "spikeloom.bench.spikformers", net],
                              check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def _save(blocks: int, folder: Path) -> None:
    from ir.folder import save

    images = np.random.default_rng(SEED).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    net = random_net(images, dim=512, blocks=blocks, heads=8)
    save(quantize(net, images, scheme=Scheme(weight_bits=8)).graph("spikformer_512", {}), folder)


def seconds(setting: Setting) -> Row:
    """How long the largest takes."""
    found = generation(8)
    return Row(name="generate/spikformer-8-512/time", value=found["seconds"], unit="s",
               goal=Goal(False, 60), figures=found,
               how="read, fold as small as can be, Verilog and memory contents: processor seconds "
                   "of one process and its tools; random weights of 8 bits")


def memory(setting: Setting) -> Row:
    """How much memory it takes at most."""
    found = generation(8)
    return Row(name="generate/spikformer-8-512/memory", value=found["peak_gb"], unit="GB",
               goal=Goal(False, 4), figures=found, how="the same process's peak resident memory")


def growth(setting: Setting) -> Row:
    """Whether time grows with weights, or faster."""
    small, large = generation(1), generation(8)
    value = (large["seconds"] / large["weights"]) / (small["seconds"] / small["weights"])
    return Row(name="generate/growth", value=value, unit="ratio", goal=Goal(False, 1.2),
               how=f"seconds per weight, {large['weights']} weights over {small['weights']}",
               figures={"small_seconds": small["seconds"], "large_seconds": large["seconds"]})


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
            "peak_gb": max(own.ru_maxrss, tools.ru_maxrss) / 1e6,
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
