"""What each lever of training buys on Fashion-MNIST: `make levers`.

Small networks, trained alike but for one lever; the table goes to docs/levers.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click
import torch

from golden.augment import Augmentation
from golden.data import load
from golden.fit import Recipe, evaluate, fit
from golden.levers import Distillation, SpikeCost, TemporalContrast, fewer_steps
from golden.net import Net
from golden.presets import find_preset
from golden.quantize import (
    Scheme,
    finetune,
    mixed_precision,
    quantize,
    sensitivity,
)
from golden.run import accuracy, trace
from golden.zoo.spiking_transformer import spiking_transformer
from ir.ops import Conv
from spikeloom import options, terminal
from spikeloom.energy import FP32, model_energy

__all__ = ["Row", "study"]

DOCS = Path(__file__).parents[1] / "docs" / "levers.md"
MOVEMENT = Augmentation(shift=1, zoom=0.05, mirror=True)
CALIBRATION = 512
TRACED = 200
"""Test images that operations are counted on."""

HELD = 5000
"""Training images that are left out, to watch trainings by."""

ABOUT = """# What levers of training buy

Written by `make levers`: Fashion-MNIST, a spike-driven transformer of {parameters:,} parameters
({stem} stem channels, {dim} dimensions, one block), trained alike but for the lever: {epochs}
epochs on {images:,} images, then on integers with the same lever, passes over these images:
{finetune}. The first two rows differ by the seed alone: smaller differences mean nothing.
Accuracies are of the {test:,} test images. Operations are additions that spikes cause, per image,
on {traced} of them; energy is modelled (fp32 at 45 nm, as papers count).

| training | T | bits per weight | float | integers | operations | energy (nJ, modelled) |
|---|---:|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True)
class Row:
    """One training: accuracies on the test set, operations and energy per image."""

    name: str
    steps: int
    bits: float
    accuracy_float: float
    accuracy_integer: float
    operations: float
    energy_nj: float

    def line(self) -> str:
        return (f"| {self.name} | {self.steps} | {self.bits:.2f} | "
                f"{100 * self.accuracy_float:.2f} % | {100 * self.accuracy_integer:.2f} % | "
                f"{self.operations:,.0f} | {self.energy_nj:,.1f} |")


class Study:
    """The data, the recipes, and the nets that later rows start from."""

    STEM, DIM = (16, 24), 32

    def __init__(self, data_dir: Path | None, epochs: int, images: int):
        self.data = load("fashion-mnist", data_dir)
        pictures = torch.from_numpy(self.data.train_images)
        labels = torch.from_numpy(self.data.train_labels)
        self.held = pictures[-HELD:], labels[-HELD:]
        self.train = pictures[:images], labels[:images]
        self.test = (torch.from_numpy(self.data.test_images),
                     torch.from_numpy(self.data.test_labels))
        self.recipe = Recipe(epochs=epochs, learning_rate=1.5e-2, augmentation=MOVEMENT)
        self.finetune = Recipe(epochs=max(1, epochs // 4), learning_rate=2e-3, weight_decay=0.0,
                               augmentation=MOVEMENT)
        self.nets: dict[str, Net] = {}

    def net(self, steps: int, seed: int) -> Net:
        return spiking_transformer(
            channels=1, height=28, width=28, classes=10, steps=steps, stem=self.STEM,
            strides=(2, 2, 2), dim=self.DIM, blocks=1, hidden=2 * self.DIM, seed=seed)

    def float_net(self, name: str, steps: int, *levers, seed: int = 0) -> Net:
        net = self.net(steps, seed)
        recipe = replace(self.recipe, levers=levers, seed=seed)
        with terminal.stage(name, recipe.epochs * (len(self.train[0]) // recipe.batch)) as done:
            fit(net, recipe, self.train, self.held, progress=lambda at, of, _: done(at, of))
        self.nets[name] = net
        return net

    def row(self, name: str, net: Net, scheme: Scheme | None = None,
            levers: tuple = ()) -> Row:
        """The net's integers, trained on with the same levers, on the test set."""
        scheme = scheme or Scheme()
        quantized = quantize(net, self.train[0][:CALIBRATION], scheme=scheme)
        with terminal.stage(f"{name}: integers"):
            finetune(quantized, replace(self.finetune, levers=levers), self.train, self.held)
        graph = quantized.graph()
        counted = model_energy(graph, trace(graph, self.data.test_images[:TRACED]))
        sizes = [(node.op.weight_bits, node.op.weight.size) for node in graph.nodes
                 if isinstance(node.op, Conv)]
        weights = sum(size for _, size in sizes)
        return Row(name, net.steps, sum(bits * size for bits, size in sizes) / weights,
                   evaluate(net, *self.test),
                   accuracy(graph, self.data.test_images, self.data.test_labels),
                   counted.acs, counted.nanojoules(FP32))


def _spikes(study: Study) -> Iterator[Row]:
    yield study.row("plain", study.float_net("plain", 1))
    name = "plain, another seed"
    yield study.row(name, study.float_net(name, 1, seed=1))
    for weight in (0.5, 2.0):
        name, levers = f"spike cost, weight {weight:g}", (SpikeCost(weight=weight),)
        yield study.row(name, study.float_net(name, 1, *levers), levers=levers)


def _teacher(study: Study) -> Iterator[Row]:
    teacher = find_preset("fashion").float_checkpoint
    levers = (Distillation(teacher=str(teacher)),)
    name = "distillation from the preset `fashion`"
    yield study.row(name, study.float_net(name, 1, *levers), levers=levers)


def _steps(study: Study) -> Iterator[Row]:
    several = study.float_net("plain, four steps", 4)
    yield study.row("plain, four steps", several)
    name, levers = "temporal contrast, four steps", (TemporalContrast(weight=0.1),)
    yield study.row(name, study.float_net(name, 4, *levers), levers=levers)
    name = "four steps, then one"
    reduced = fewer_steps(several, 1)
    with terminal.stage(name):
        fit(reduced, replace(study.recipe, epochs=study.finetune.epochs, learning_rate=5e-3),
            study.train, study.held)
    yield study.row(name, reduced)


def _bits(study: Study) -> Iterator[Row]:
    net = study.nets["plain"]
    with terminal.stage("Sensitivity of each layer"):
        images, labels = study.train
        found = sensitivity(net, images[:CALIBRATION], labels[:CALIBRATION])
    for bits, mean in ((2, 2.5), (3, 3.0)):
        yield study.row(f"plain, {bits} bits everywhere", net, Scheme(weight_bits=bits))
        yield study.row(f"plain, bits by sensitivity, mean {mean:g} at most", net,
                        mixed_precision(found, mean))


PARTS: Mapping[str, Callable[[Study], Iterator[Row]]] = {
    "spikes": _spikes, "teacher": _teacher, "steps": _steps, "bits": _bits}


def study(data_dir: Path | None, epochs: int, images: int) -> str:
    """Train everything and return the page."""
    about = Study(data_dir, epochs, images)
    rows = []
    for part in PARTS.values():
        for row in part(about):
            terminal.remark(row.line())
            rows.append(row)
    parameters = sum(p.numel() for p in about.nets["plain"].parameters())
    return ABOUT.format(
        parameters=parameters, stem=" and ".join(map(str, Study.STEM)), dim=Study.DIM,
        epochs=epochs, images=len(about.train[0]), finetune=about.finetune.epochs,
        test=len(about.test[0]), traced=TRACED) + "\n".join(row.line() for row in rows) + "\n"


@click.command()
@options.data_dir
@click.option("--epochs", default=8, show_default=True, help="Of each training.")
@click.option("--train-images", default=30_000, show_default=True, help="To train on.")
def main(data_dir: Path | None, epochs: int, train_images: int) -> None:
    """Train with each lever, and write docs/levers.md."""
    page = study(data_dir, epochs, train_images)
    DOCS.write_text(page)
    click.echo(page)


if __name__ == "__main__":
    main()
