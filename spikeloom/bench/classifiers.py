"""MNIST by other tools, beside area-time/mnist-small and area-time/mnist-fast."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from flows import FlowError, Router, count_cells, get_target
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
from spikeloom.bench.placed import MINUTES, TARGET, WithMultipliers, placed_figures
from spikeloom.bench.row import Finding, Goal, Peer, Row
from spikeloom.bench.run import Check, Setting

__all__ = ["CHECKS", "beside"]

RUNS = (1, 3)
"""Images of two simulations: the first has the latency, their difference the interval."""

SHARE, EPOCHS = 0.3, 60
UNROLLED = {"classifier/da4ml": (384, 32, Router.SECOND, 80),
            "classifier/da4ml-small": (256, 24, Router.FIRST, None)}
"""Neurons and inputs of each, the router that ends, and a clock that it reaches. Of so many wide
sums as the large one has, the first router had not done half after 20 minutes, and the second one
goes on as long as nets are late."""

KIND = "classifier/"
BEATS, ACCURACY = "area-time/mnist-small", 0.98
"""The row that is to be below every other tool's of so many right."""

PACKAGES = ("flows", "golden/data", "spikeloom/bench")


def _mnist(setting: Setting) -> Dataset:
    return load("mnist", setting.data_dir)


def _tested(layers: tuple[Affine, Affine], pixels: np.ndarray, data: Dataset) -> dict[str, float]:
    return {"accuracy": accuracy_of(layers, pixels, data.test_labels),
            "hidden": len(layers[0].weight),
            "weights": sum(int(np.count_nonzero(layer.weight)) for layer in layers)}


def sequential(setting: Setting) -> Finding:
    """NNgen's: 8-bit weights, read over the bus for every image."""
    data = _mnist(setting)
    layers = train_int8(data, hidden=64, epochs=15)
    pixels = (data.test_images >> 8 - PIXEL_BITS).reshape(len(data.test_images), -1)
    pixels = pixels.astype(np.int64)
    few, more = RUNS
    circuit, cycles, latency = nngen.steady(partial(nngen.classifier, layers), pixels[:more], few)
    figures = {**_tested(layers, pixels, data), "interval_cycles": cycles,
               "latency_cycles": latency,
               **placed_figures(circuit, cycles, setting, flow=WithMultipliers())}
    return Finding(
        value=figures["lut_us"], figures=figures,
        how=f"NNgen 1.3.4, {_shape(layers)} int8 on {PIXEL_BITS}-bit pixels, {BUS // 8} products "
            f"a cycle, weights over a bus of {BUS} bits; integers on all {len(pixels)} test "
            f"images, simulated logits of {more} equal them; cycles from {few} and {more} images; "
            f"routed on {TARGET}, one seed, with the device's multipliers")


def unrolled(hidden: int, inputs: int, router: Router, clock_mhz: float | None,
             setting: Setting) -> Finding:
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
        figures |= placed_figures(found.circuit, cycles, setting, minutes=MINUTES, router=router,
                                  clock_mhz=clock_mhz)
        asked = "" if clock_mhz is None else f", {clock_mhz:g} MHz asked for"
        value = figures["lut_us"]
        measured = f"routed on {TARGET} by nextpnr's {router}, one seed{asked}"
    except FlowError as error:
        measured = f"not measured: {str(error).splitlines()[0]}"
    return Finding(
        value=value, figures=figures,
        how=f"da4ml 0.6.0, {_shape(layers)} unrolled, {figures['weights']:,} weights of -1 or 1, "
            f"2-bit activations, black and white pixels over a bus of {BUS} bits (whose shift "
            f"register is not counted); da4ml's own integers on all {len(pixels)} test images; "
            f"{size}; {measured}")


def beside(rows: Sequence[Row]) -> list[Row]:
    """The rows; those whose circuit classifies MNIST with other tools' classifiers as peers, and
    after the one that is to beat them all, by how much."""
    known = [row for row in rows if row.name.startswith(KIND)]
    peers, found = tuple(map(_peer, known)), []
    for row in rows:
        if known and row.name.startswith("area-time/mnist"):
            row = replace(row, peers=peers)
        found.append(row)
        if known and row.name == BEATS:
            found.append(_against(row, known))
    return found


def _peer(row: Row) -> Peer:
    name, figures = row.name.removeprefix(KIND), row.figures
    reached = f"{figures['accuracy']:.2%} right" if "accuracy" in figures else ""
    if row.value is None:
        return Peer(name, None, ", ".join(filter(None, (row.how, reached))))
    return Peer(name, row.value, f"{reached}, {figures['luts']:,} LUT, "
                                 f"{figures['fmax_mhz']:.1f} MHz, "
                                 f"{figures['interval_cycles']:,.0f} cycles")


def _against(ours: Row, others: Sequence[Row]) -> Row:
    """Ours over the best of those that are accurate enough, if there is a figure of each."""
    row = partial(Row, name=f"{ours.name}/peers", unit="ratio", goal=Goal(False, 1))
    if missing := [each.name for each in (ours, *others) if each.value is None]:
        return row(value=None, how=f"not measured: without a figure is {', '.join(missing)}")
    able = [each for each in others if each.figures["accuracy"] >= ACCURACY]
    if not able:
        return row(value=None, how=f"no other tool's is {ACCURACY:.0%} right")
    best = min(able, key=lambda each: each.value or 0)
    assert ours.value and best.value, "none is missing"
    return row(value=ours.value / best.value,
               how=f"{ours.name} over {best.name}, the best of other tools' classifiers of at "
                   f"least {ACCURACY:.0%}; {ours.figures['accuracy']:.2%} are right of ours, "
                   f"{best.figures['accuracy']:.2%} of that one's; each as routed, see their rows "
                   "for the clocks that were asked for")


def _shape(layers: tuple[Affine, Affine]) -> str:
    first, second = layers
    return "-".join(map(str, (first.weight.shape[1], *(len(each.weight)
                                                       for each in (first, second)))))


CHECKS = (
    Check(name="classifier/nngen", unit="LUT us", goal=None, measure=sequential,
          packages=PACKAGES),
    *(Check(name=name, unit="LUT us", goal=None, measure=partial(unrolled, *size),
            packages=PACKAGES) for name, size in UNROLLED.items()))
