"""`spikeloom train`."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spikeloom import options, terminal

if TYPE_CHECKING:
    from golden.fit import Epoch

__all__ = ["train"]


@click.command()
@click.argument("preset", metavar="PRESET")
@options.output("Folder of the checkpoints and of the state that a resumed training needs.",
                default="runs/train", show_default=True)
@options.data_dir
@options.data_set
@options.as_json
def train(preset: str, output: Path, data_dir: Path | None, data: str | None,
          as_json: bool) -> None:
    """Train a preset and write its checkpoints.

    It is trained first float, then on integers. Started again after an interruption, it goes on
    where it was; the same preset gives the same checkpoints. Seeds are chosen on training images
    that are held out.

    \b
    Presets:
      digits       digits 8x8, mask attention, 2 time steps
      digits-ssa   the same with spiking self-attention
      digits-tiny  digits 8x8, few operators, 1 time step
      mnist        MNIST, mask attention
      mnist-small  MNIST, weights for logic, pixels of one bit
      mnist-fast   the same with half the channels
      fashion      Fashion-MNIST, 2 time steps

    \b
    Supernets, which `spikeloom explore` cuts networks from:
      digits-supernet, fashion-supernet

    \b
    Example:
      spikeloom train digits -o runs/train
    """
    from golden.presets import find_preset
    from golden.supernet import SUPERNETS, find_supernet, train_supernet
    from golden.train import train as train_preset
    from spikeloom.images import find_data

    if preset in SUPERNETS:
        whole = find_supernet(preset)
        with ExitStack() as bars:
            notes = train_supernet(whole, output, data=find_data(data, data_dir, whole.dataset),
                                   progress=partial(_Stages(bars).report, "supernet"))
        _tell({"preset": preset, "command": whole.command, "output": str(output),
               "checkpoint": str(output / whole.checkpoint.name), "supernet": dict(notes)},
              as_json, ["", "supernet"], [[name, value] for name, value in notes.items()])
        return
    recipe = find_preset(preset)
    dataset = find_data(data, data_dir, recipe.dataset)
    with ExitStack() as bars:
        trained = train_preset(recipe, output, data=dataset, progress=_Stages(bars).report)
    result = {
        "preset": recipe.name, "command": recipe.command, "output": str(output),
        "float_checkpoint": str(output / recipe.float_checkpoint.name),
        "quantized_checkpoint": str(output / recipe.quantized_checkpoint.name),
        "float": dict(trained.float_notes), "quantized": dict(trained.quantized_notes),
    }
    _tell(result, as_json, ["", "float", "integers"],
          [[name, trained.float_notes.get(name), value]
           for name, value in trained.quantized_notes.items()])


def _tell(result: dict, as_json: bool, headings: list[str], rows: list[list]) -> None:
    if as_json:
        terminal.print_json(result)
        return
    terminal.table(f"Preset {result['preset']}", headings, rows)
    terminal.remark(f"Checkpoints are in {result['output']}")


class _Stages:
    """Shows a progress bar for each stage of a training, one after the other, on ``bars``."""

    def __init__(self, bars: ExitStack):
        self.bars = bars
        self.name: str | None = None
        self.done: terminal.Done = print

    def report(self, name: str, done: int, total: int, epoch: "Epoch | None") -> None:
        if name != self.name:
            self.bars.close()
            self.name = name
            self.done = self.bars.enter_context(terminal.stage(f"Train {name}", total))
        self.done(done)
        if epoch is not None:
            terminal.remark(f"{name}: epoch {epoch.number}/{epoch.epochs}, loss {epoch.loss:.4f}, "
                            f"validation {100 * epoch.validation:.2f} %")
