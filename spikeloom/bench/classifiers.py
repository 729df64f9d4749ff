"""MNIST by other tools, beside area-time/mnist-small and area-time/mnist-fast."""

from functools import partial

import numpy as np

from flows import FlowError, count_cells, get_target
from golden.data import Dataset, load
from spikeloom.bench.mlp import (
    PIXEL_BITS,
    Affine,
    accuracy_of,
    black_and_white,
    train_int8,
    train_ternary,
)
from spikeloom.bench.peers import da4ml, nngen
from spikeloom.bench.peers.nngen import BUS
from spikeloom.bench.placed import TARGET, WithMultipliers, placed_figures
from spikeloom.bench.row import Row
from spikeloom.bench.run import Check, Setting

__all__ = ["CHECKS"]

RUNS = (1, 3)
"""Images of two simulations: the first has the latency, their difference the interval."""

MINUTES = 45
"""For which a tool may map, or place and route, what is unrolled."""

SHARE, EPOCHS = 0.3, 60
UNROLLED = {"classifier/da4ml": (384, 32), "classifier/da4ml-small": (256, 24)}
"""Neurons and inputs of each."""

PACKAGES = ("flows", "golden/data", "spikeloom/bench")


def _mnist(setting: Setting) -> Dataset:
    return load("mnist", setting.data_dir)


def _tested(layers: tuple[Affine, Affine], pixels: np.ndarray, data: Dataset) -> dict[str, float]:
    return {"accuracy": accuracy_of(layers, pixels, data.test_labels),
            "hidden": len(layers[0].weight),
            "weights": sum(int(np.count_nonzero(layer.weight)) for layer in layers)}


def sequential(setting: Setting) -> Row:
    """NNgen's: 8-bit weights, read over the bus for every image."""
    data = _mnist(setting)
    layers = train_int8(data, hidden=64, epochs=15)
    pixels = (data.test_images >> 8 - PIXEL_BITS).reshape(len(data.test_images), -1)
    pixels = pixels.astype(np.int64)
    few, more = RUNS
    _, short = nngen.classifier(layers, pixels[:few])
    circuit, long = nngen.classifier(layers, pixels[:more])
    cycles = (long - short) / (more - few)
    figures = {**_tested(layers, pixels, data), "interval_cycles": cycles, "latency_cycles": short,
               **placed_figures(circuit, cycles, setting, flow=WithMultipliers())}
    return Row(name="classifier/nngen", value=figures["lut_us"], unit="LUT us", figures=figures,
               how=f"NNgen 1.3.4, {_shape(layers)} int8 on {PIXEL_BITS}-bit pixels, "
                   f"{BUS // 8} products a cycle, weights over a bus of {BUS} bits; integers on "
                   f"all {len(pixels)} test images, simulated logits of {more} equal them; cycles "
                   f"from {few} and {more} images; routed on {TARGET}, one seed, with the "
                   "device's multipliers")


def unrolled(hidden: int, inputs: int, name: str, setting: Setting) -> Row:
    """da4ml's: all weights in logic, an image as often as the bus brings one."""
    data = _mnist(setting)
    layers = train_ternary(data, hidden=hidden, inputs=inputs, share=SHARE, epochs=EPOCHS)
    pixels = black_and_white(data.test_images).reshape(len(data.test_images), -1)
    found = da4ml.classifier(layers, pixels)
    cycles = -(-pixels.shape[1] // BUS)
    figures = {**_tested(layers, pixels, data), "interval_cycles": cycles,
               "latency_cycles": cycles + found.latency_cycles}
    value, size = None, f"da4ml's own estimate {found.cost:,.0f} LUT"
    try:
        mapped = count_cells(found.circuit, TARGET, minutes=MINUTES).luts
        size += f", {mapped:,} mapped, {get_target(TARGET).budget.luts:,} there"
        figures |= placed_figures(found.circuit, cycles, setting, minutes=MINUTES)
        value, measured = figures["lut_us"], f"routed on {TARGET}, one seed"
    except FlowError as error:
        measured = f"not measured: {str(error).splitlines()[0]}"
    return Row(name=name, value=value, unit="LUT us", figures=figures,
               how=f"da4ml 0.6.0, {_shape(layers)} unrolled, {figures['weights']:,} weights of -1 "
                   f"or 1, 2-bit activations, black and white pixels over a bus of {BUS} bits "
                   f"(whose shift register is not counted); da4ml's own integers on all "
                   f"{len(pixels)} test images; {size}; {measured}")


def _shape(layers: tuple[Affine, Affine]) -> str:
    first, second = layers
    return "-".join(map(str, (first.weight.shape[1], *(len(each.weight)
                                                       for each in (first, second)))))


CHECKS = (
    Check(name="classifier/nngen", unit="LUT us", goal=None, measure=sequential,
          packages=PACKAGES),
    *(Check(name=name, unit="LUT us", goal=None, measure=partial(unrolled, *size, name),
            packages=PACKAGES) for name, size in UNROLLED.items()))
