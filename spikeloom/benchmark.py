"""The figures that Spikeloom promises, measured: `make bench`, or `python -m spikeloom.benchmark`.

It takes long, so it is no test: whole test sets, and several circuits placed and routed.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from golden.data import load
from golden.presets import PRESETS
from golden.run import accuracy
from spikeloom import options, terminal
from spikeloom.cli import main
from spikeloom.design import generate
from spikeloom.errors import Exit
from spikeloom.quantization import quantize
from spikeloom.verification import measure

__all__ = ["CHECKS", "Figure", "benchmark"]

ACCURACY = {"digits": (0.98, 30_000), "mnist": (0.99, 200_000), "mnist-small": (0.985, 70_000),
            "fashion": (0.89, 200_000)}
"""Preset to the least accuracy on the test images and the most parameters."""

VERIFY_SECONDS = 15 * 60
FMAX_MHZ = 120.0
MODEL_ERROR = 0.02
BOUND_RATIO = 0.9
STEADY_IMAGES = 100

PLACES = (("digits", "ulx3s-85f"), ("digits", "ulx3s-12f"), ("mnist-small", "ulx3s-85f"),
          ("mnist", "ulx3s-85f"))


@dataclass(frozen=True)
class Figure:
    """One promise: what was wanted, what was found, and whether that is enough."""

    name: str
    goal: str
    found: str
    reached: bool


def accuracies(data_dir: Path | None) -> Iterator[Figure]:
    """Integer accuracy on whole test sets, and sizes."""
    for name, (least, most) in ACCURACY.items():
        graph = quantize(name)
        dataset = load(PRESETS[name].dataset, data_dir).in_levels(graph.image)
        found = accuracy(graph, dataset.test_images, dataset.test_labels)
        parameters = int(graph.notes["parameters"])
        yield Figure(f"{name}: integer accuracy, {len(dataset.test_images)} test images",
                     f">= {100 * least:g} %", f"{100 * found:.2f} %", found >= least)
        yield Figure(f"{name}: parameters", f"<= {most:,}", f"{parameters:,}", parameters <= most)


def verification(data_dir: Path | None) -> Iterator[Figure]:
    """All of MNIST through the circuit; cycles against bound and cost model."""
    for name in ("digits", "mnist"):
        preset = PRESETS[name]
        dataset = load(preset.dataset, data_dir)
        found = measure(generate(quantize(name)), dataset.test_images, dataset.test_labels,
                        preset=preset, stage=terminal.stage)
        images = len(dataset.test_images)
        yield Figure(f"{name}: differences in {found['values_compared']:,} values of "
                     f"{found['images']:,} images, {found['traced_images']} with every tensor",
                     f"0 in {images:,}", str(found["mismatches"]),
                     found["mismatches"] == 0 and found["images"] == images
                     and found["traced_images"] >= min(images, 500))
        yield Figure(f"{name}: seconds to verify", f"<= {VERIFY_SECONDS}",
                     f"{found['seconds'] + found['build_seconds']:.0f}",
                     found["seconds"] + found["build_seconds"] <= VERIFY_SECONDS)
        yield Figure(f"{name}: bound / measured cycles", f">= {BOUND_RATIO}",
                     f"{found['bound_ratio']:.3f}", found["bound_ratio"] >= BOUND_RATIO)
        yield from _cycles(name, dataset.test_images[:STEADY_IMAGES])


def _cycles(name: str, images) -> Iterator[Figure]:
    """The same images, back to back through one circuit and through the cost model."""
    design = generate(quantize(name))
    measured = design.simulate(images, processes=1).cycles_per_image
    modelled = design.cost(images).timing
    assert measured and modelled and modelled.cycles_per_image, "several images were run"
    error = abs(modelled.cycles_per_image / measured - 1)
    yield Figure(f"{name}: cost model {modelled.cycles_per_image:.1f}, measured {measured:.1f} "
                 "cycles per image", f"within {100 * MODEL_ERROR:g} %", f"{100 * error:.2f} %",
                 error <= MODEL_ERROR)


def placements(data_dir: Path | None) -> Iterator[Figure]:
    """Circuits placed and routed."""
    for name, target in PLACES:
        found = generate(quantize(name), target).synthesize(progress=terminal.remark)
        size = f"{found.luts:,} LUT, {found.brams} block RAM"
        yield Figure(f"{name} on {target}: {size}", f">= {FMAX_MHZ:g} MHz",
                     f"{found.fmax_mhz or 0:.1f} MHz", (found.fmax_mhz or 0) >= FMAX_MHZ)


def repeatability(data_dir: Path | None) -> Iterator[Figure]:
    """Designs written by two processes."""
    sums = []
    with tempfile.TemporaryDirectory(prefix="spikeloom-") as room:
        for number in (1, 2):
            place = Path(room) / str(number)
            subprocess.run([sys.executable, "-m", "spikeloom", "generate", "--preset", "digits",
                            "--json", "-o", place], check=True, stdout=subprocess.DEVNULL,
                           env={**os.environ, "PYTHONHASHSEED": str(number)})
            total = hashlib.sha256()
            for path in sorted(place.rglob("*")):
                if path.is_file():
                    total.update(f"{path.relative_to(place)}\0".encode() + path.read_bytes())
            sums.append(total.hexdigest())
    yield Figure("digits: Verilog of two processes", "same bytes", sums[0][:16],
                 sums[0] == sums[1])


CHECKS: dict[str, Callable[[Path | None], Iterator[Figure]]] = {
    "accuracy": accuracies, "verify": verification, "place": placements, "bytes": repeatability}


@click.command()
@click.option("--only", type=click.Choice(list(CHECKS)), multiple=True,
              help="Only these parts; may be repeated.")
@options.data_dir
@options.as_json
@click.pass_context
def benchmark(ctx: click.Context, only: tuple[str, ...], data_dir: Path | None,
              as_json: bool) -> None:
    """Measure the figures that Spikeloom promises; ends with 5 if one is missed."""
    figures = []
    for name in only or CHECKS:
        for figure in CHECKS[name](data_dir):
            figures.append(figure)
            terminal.remark(f"{figure.name}: {figure.found} (goal {figure.goal})")
    missed = [figure for figure in figures if not figure.reached]
    if as_json:
        terminal.print_json({"figures": [asdict(figure) for figure in figures],
                             "missed": len(missed)})
    else:
        terminal.table("Figures", ["", "goal", "found", "reached"],
                       [[f.name, f.goal, f.found, f.reached] for f in figures])
    ctx.exit(Exit.MISMATCH if missed else Exit.DONE)


if __name__ == "__main__":
    main(command=benchmark)
