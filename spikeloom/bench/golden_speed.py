"""Integers against SpikingJelly's floats: images per second of the same network."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
import torch

from golden.checkpoints import load_checkpoint
from golden.data import load
from golden.ops.byte_conv import bytes_win
from golden.presets import PRESETS
from golden.run import logits
from ir import Graph
from spikeloom.bench.row import Finding, Goal, NotMeasured, Peer
from spikeloom.bench.run import Check, Setting
from spikeloom.bench.spikformers import spike_rate
from spikeloom.quantization import quantize

__all__ = ["CHECKS"]

BATCH = 64
ROUNDS = 5
CALIBRATION = 16
THREADS = 1
"""Of both: where other programs run, several wait for each other most of the time."""

GOAL = Goal(True, 2.0)
Run = Callable[[np.ndarray], object]


def _rates(ours: Run, theirs: Run, images: np.ndarray) -> tuple[float, float]:
    """Images per second of both, median of rounds in turn: the machine's mood meets both."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for run, rates in zip((ours, theirs), found, strict=True):
            started = time.perf_counter()
            for start in range(0, len(images), BATCH):
                run(images[start:start + BATCH])
            rates.append(len(images) / (time.perf_counter() - started))
    return median(found[0]), median(found[1])


def _beside(graph: Graph, model: torch.nn.Module, feed: Callable[[np.ndarray], object],
            images: np.ndarray, how: str) -> Finding:
    parameters = sum(each.numel() for each in model.parameters())
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        with torch.inference_mode():
            feed(images[:BATCH])
            logits(graph, images[:BATCH])
            ours, theirs = _rates(partial(logits, graph), feed, images)
    finally:
        torch.set_num_threads(before)
    return Finding(
        value=ours / theirs,
        peers=(Peer("SpikingJelly 2.0.0, float32, step mode m", 1.0,
                    f"{theirs:,.1f} images/s"),),
        how=f"{how}; {ours:,.1f} images/s; batches of {BATCH}, {THREADS} thread, "
            f"median of {ROUNDS} rounds in turn, a processor with "
            f"{torch.backends.cpu.get_cpu_capability()} that convolves "
            f"{'bytes' if bytes_win(torch.device('cpu')) else 'floats'}",
        figures={"images_per_second": ours, "peer_images_per_second": theirs,
                 "parameters": parameters})


def _twin(name: str, setting: Setting) -> Finding:
    """A preset, and its float model rebuilt from SpikingJelly's layers."""
    try:
        from spikeloom.bench.peers.spikingjelly import Twin
    except ModuleNotFoundError as error:
        raise NotMeasured("SpikingJelly is not installed") from error
    net, _ = load_checkpoint(PRESETS[name].float_checkpoint)
    net.eval()
    data = load(PRESETS[name].dataset, setting.data_dir).in_levels(net.image)
    images = data.test_images[:10 * BATCH]
    twin = Twin(net)
    with torch.inference_mode():
        theirs, own = (model(torch.from_numpy(images[:BATCH])) for model in (twin, net))
    if not torch.allclose(theirs, own, atol=1e-4):
        raise NotMeasured("SpikingJelly's network is not the preset's")
    return _beside(quantize(name), twin, lambda x: twin(torch.from_numpy(x)), images,
                   "the preset's float model in SpikingJelly's layers")


def _spikformer(setting: Setting) -> Finding:
    """SpikingJelly's own Spikformer, captured."""
    from spikingjelly.activation_based.functional import reset_net
    from spikingjelly.activation_based.model.spikformer import Spikformer

    data = load("cifar10", setting.data_dir)
    torch.manual_seed(0)
    model = Spikformer(T=4, in_channels=3, img_size_h=32, img_size_w=32, patch_size=4,
                       num_classes=10, embed_dims=384, num_heads=12, mlp_ratio=4.0, depths=1)
    _settle(model, torch.from_numpy(data.train_images[:BATCH]) / 255)
    reset_net(model)
    graph = quantize(model, data.train_images[:CALIBRATION], 8, name="spikformer_1_384")

    def feed(images: np.ndarray) -> object:
        reset_net(model)
        return model(torch.from_numpy(images) / 255)

    return _beside(graph, model, feed, data.test_images[:BATCH],
                   "SpikingJelly's model as it is, random weights, batch norms of "
                   f"{BATCH} images, captured; {spike_rate(graph, data.test_images[:8]):.1%} of "
                   "all neurons' outputs spike")


@torch.no_grad()
def _settle(model: torch.nn.Module, images: torch.Tensor) -> None:
    """Batch norms take what these images bring: at their initial values no neuron ever fires."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.momentum = 1.0
    model.train()
    model(images)
    model.eval()


CHECKS = (
    Check(name="golden/mnist-small", unit="ratio", goal=GOAL,
          measure=partial(_twin, "mnist-small"), packages=("ir", "golden", "spikeloom/bench")),
    Check(name="golden/spikformer-1-384", unit="ratio", goal=GOAL, measure=_spikformer,
          packages=("ir", "golden", "spikeloom/bench")),
)
