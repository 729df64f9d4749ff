"""Options that several commands share, spelled and explained alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["as_json", "chosen", "data_dir", "data_set", "folder_argument", "images", "output",
           "preset", "target"]

Decorator = Callable[[Callable], Callable]

as_json = click.option("--json", "as_json", is_flag=True,
                       help="Print one JSON object instead of tables.")

preset = click.option("--preset", metavar="NAME",
                      help="A shipped model instead of a folder; `spikeloom train --help` lists "
                           "them.")

data_dir = click.option(
    "--data-dir", metavar="DIR", envvar="SPIKELOOM_DATA", show_envvar=True,
    type=click.Path(path_type=Path),
    help="Folder of the files of MNIST, Fashion-MNIST, CIFAR-10 and N-MNIST.")

data_set = click.option(
    "--data", metavar="NAME|PATH",
    help="Data set: digits, mnist-subset, mnist, fashion-mnist, cifar10, nmnist, or your own as a "
         "folder train/CLASS/*, test/CLASS/* or an .npz. Default: the preset's.")

target = click.option("--target", metavar="NAME", default="ulx3s-85f", show_default=True,
                      help="FPGA board or device; an unknown name lists those known.")


def images(default: int | None) -> Decorator:
    """How many test images to take."""
    return click.option("--images", metavar="N", type=click.IntRange(min=1), default=default,
                        show_default=True if default else "all",
                        help="Number of test images, from the first on.")


def output(what: str, **settings: Any) -> Decorator:
    """Where to write."""
    return click.option("-o", "--output", metavar="PATH", type=click.Path(path_type=Path),
                        help=f"{what} Written beside and renamed, so it is whole or not there.",
                        **settings)


def folder_argument(metavar: str) -> Decorator:
    """The folder that a command works on; the alternative is --preset."""
    return click.argument("folder", metavar=f"[{metavar}]", required=False,
                          type=click.Path(path_type=Path))


def chosen(folder: Path | None, preset: str | None) -> None:
    """Raise a usage error unless exactly one of a folder and a preset is given."""
    if (folder is None) == (preset is None):
        raise click.UsageError("Give a folder or --preset NAME, one of both")
