"""The presets' circuits: how close to their bound they run, their clock, and area times time."""

from collections.abc import Sequence
from functools import cache, partial
from statistics import median
from typing import Any

import numpy as np

from flows import SynthesisResult
from golden.data import Dataset, load
from golden.presets import PRESETS, find_preset
from golden.run import accuracy
from golden.zoo.presets import ZOO
from spikeloom.analysis import analyse
from spikeloom.bench.placed import TARGET
from spikeloom.bench.row import MODELLED, Finding, Goal, NotMeasured
from spikeloom.bench.run import Check, Setting
from spikeloom.design import Design, generate
from spikeloom.mapped import measure_mapped
from spikeloom.quantization import quantize

__all__ = ["CHECKS", "accuracy_of", "data_of", "design_of", "images_of"]

IMAGES = 100
"""Back to back, for a steady state."""

SEEDS = (1, 2, 3)
MAPPED_IMAGES = 20

RATES = {"mnist-small": 4_600_000, "mnist-fast": 4_600_000}
"""Images per second that circuits are folded for whose area counts, at :data:`CLOCK`."""

CLOCK = 150
"""MHz, see `spikeloom generate --clock-mhz`."""


@cache
def design_of(name: str, target: str = TARGET, fps: float | None = None) -> Design:
    """A preset's circuit, for a rate at :data:`CLOCK` or, without one, as `generate` makes it."""
    if name not in {**PRESETS, **ZOO}:
        raise NotMeasured(f"there is no preset {name!r}")
    return generate(quantize(name), target, fps=fps, clock_mhz=CLOCK if fps else None)


def images_of(name: str, setting: Setting, count: int | None = IMAGES) -> np.ndarray:
    return data_of(name, setting).test_images[:count]


def data_of(name: str, setting: Setting) -> Dataset:
    preset = find_preset(name)
    return load(preset.dataset, setting.data_dir).in_levels(preset.net().image)


def accuracy_of(name: str, setting: Setting) -> float:
    data = data_of(name, setting)
    return accuracy(quantize(name), data.test_images, data.test_labels)


def bound(name: str, setting: Setting) -> Finding:
    """The slowest stage's own cycles over those of the simulated pipeline."""
    design, images = design_of(name), images_of(name, setting)
    found = design.simulate(images, processes=1)
    analysis = analyse(design, images)
    assert found.cycles_per_image is not None, "several images were run"
    value = analysis.bound_cycles_per_image / found.cycles_per_image
    return Finding(
        value=value,
        how=f"{len(images)} test images back to back through the Verilog; slowest stage "
            f"{analysis.slowest}",
        figures={"interval_cycles": found.cycles_per_image,
                 "bound_cycles": analysis.bound_cycles_per_image,
                 "latency_cycles": found.latency["m_axis"]})


def _placed(design: Design, setting: Setting, seeds: Sequence[int] = SEEDS,
            **build: Any) -> list[SynthesisResult]:
    return [design.synthesize(seed=seed, progress=setting.remark, **build) for seed in seeds]


def _mapped(name: str, design: Design, target: str, setting: Setting) -> dict[str, Any]:
    """What the mapped netlist computes, if that is the integers: before no clock counts."""
    found = measure_mapped(design, images_of(name, setting, MAPPED_IMAGES), target,
                           progress=setting.remark)
    if found["mismatches"] or not found["values_compared"]:
        raise NotMeasured(f"the mapped netlist differs: {found['first_difference']}")
    return found


def clock(name: str, setting: Setting) -> Finding:
    """The clock after routing, of the middle seed, if the mapped netlist computes the integers."""
    mapped = _mapped(name, design_of(name), TARGET, setting)
    found = _placed(design_of(name), setting, clock_mhz=CLOCK)
    clocks = [each.fmax_mhz or 0.0 for each in found]
    return Finding(
        value=median(clocks),
        how=f"median of seeds {', '.join(map(str, SEEDS))} on {TARGET}, {CLOCK} MHz asked for, "
            f"routed; {mapped['values_compared']} logits of the mapped netlist equal the integers",
        figures={**_area(found), "fmax_mhz": median(clocks),
                 "interval_cycles": mapped["cycles_per_image"]})


def _area(found: list[SynthesisResult]) -> dict[str, Any]:
    """Of the accelerator without the harness, which is the same for every seed."""
    return found[0].accelerator.as_dict()


def _lut_microseconds(name: str, setting: Setting) -> dict[str, Any]:
    """Area, interval and clock of a preset's circuit, and LUT times microseconds per image.

    Of one seed: to place the large circuits takes a quarter of an hour.
    """
    design = design_of(name, fps=RATES[name])
    mapped = _mapped(name, design, TARGET, setting)
    found = _placed(design, setting, SEEDS[:1], clock_mhz=CLOCK)
    fmax = found[0].fmax_mhz
    if not fmax:
        raise NotMeasured("no path is clocked")
    run = design.simulate(images_of(name, setting), processes=1)
    assert run.cycles_per_image is not None, "several images were run"
    area = _area(found)
    return {**area, "fmax_mhz": fmax, "interval_cycles": run.cycles_per_image,
            "latency_cycles": run.latency["m_axis"], "latency_us": run.latency["m_axis"] / fmax,
            "logits_of_mapped_netlist": mapped["values_compared"],
            "us_per_image": run.cycles_per_image / fmax,
            "accuracy": accuracy_of(name, setting),
            "lut_us": area["luts"] * run.cycles_per_image / fmax}


def product(name: str, setting: Setting) -> Finding:
    """LUT times microseconds per image."""
    figures = _lut_microseconds(name, setting)
    return Finding(value=figures["lut_us"], figures=figures,
                   how=f"accelerator's LUT on {TARGET}, routed clock (seed {SEEDS[0]}, "
                       f"{CLOCK} MHz asked for), simulated interval of {IMAGES} images; "
                       f"{figures['logits_of_mapped_netlist']} logits of the mapped netlist equal "
                       "the integers; accuracy of the whole test set; "
                       f"spikeloom generate --preset {name} --fps {RATES[name]} "
                       f"--clock-mhz {CLOCK}")


def small(setting: Setting) -> Finding:
    """The smallest transformer, placed on the smallest device."""
    name, target = "digits-tiny", "icebreaker"
    images = images_of(name, setting)
    design = design_of(name, target)
    run = design.simulate(images, processes=1)
    mapped = _mapped(name, design, target, setting)
    found = _placed(design, setting)
    return Finding(
        value=median(each.fmax_mhz or 0.0 for each in found),
        how=f"median of {len(SEEDS)} seeds, placed and routed on {target}; "
            f"{mapped['values_compared']} logits of the mapped netlist equal the integers",
        figures={**_area(found), "interval_cycles": run.cycles_per_image,
                 "latency_cycles": run.latency["m_axis"], "accuracy": accuracy_of(name, setting)})


def energy(setting: Setting) -> Finding:
    """What that one takes per image, by the literature's convention."""
    from spikeloom.energy import INT8

    analysis = analyse(design_of("digits-tiny", "icebreaker"), images_of("digits-tiny", setting))
    value = sum(layer.picojoules(INT8) for layer in analysis.energy.layers) / 1000
    return Finding(value=value, kind=MODELLED, how=f"operations of {IMAGES} test images at 45 nm, "
                                                   "int8; no measurement of an FPGA")


CHECKS = (
    *(Check(name=f"bound/{name}", unit="ratio", goal=Goal(True, 0.9), measure=partial(bound, name))
      for name in (*PRESETS, *ZOO)),
    *(Check(name=f"clock/{name}", unit="MHz", goal=Goal(True, 150), measure=partial(clock, name))
      for name in ("digits", "mnist-small")),
    *(Check(name=f"area-time/{name}", unit="LUT us", goal=Goal(False, limit),
            measure=partial(product, name))
      for name, limit in (("mnist-small", 100_000), ("mnist-fast", 40_000))),
    Check(name="up5k/digits-tiny", unit="MHz", goal=None, measure=small),
    Check(name="energy/digits-tiny", unit="nJ", goal=None, measure=energy),
)
