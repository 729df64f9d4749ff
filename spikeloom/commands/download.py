"""`spikeloom download`."""

from pathlib import Path

import click

from spikeloom import options, terminal

__all__ = ["download"]


@click.command()
@click.argument("name", metavar="NAME", type=click.Choice(["mnist", "fashion-mnist", "cifar10"]))
@options.data_dir
@options.as_json
def download(name: str, data_dir: Path | None, as_json: bool) -> None:
    """Fetch a data set from its public mirrors.

    NAME is mnist, fashion-mnist or cifar10. Every file is checked by the SHA-256 of its published
    content before it is kept; files that are there and right stay. digits and mnist-subset need no
    download.

    \b
    Example:
      spikeloom download mnist --data-dir data
    """
    from golden.data import download as fetch
    from golden.data import load

    if data_dir is None:
        raise click.UsageError("Say where to put the files: --data-dir DIR, or SPIKELOOM_DATA")
    with terminal.stage(f"Download {name}"):
        place = fetch(name, data_dir)
        dataset = load(name, data_dir)
    counts = {"train_images": len(dataset.train_images), "test_images": len(dataset.test_images)}
    if as_json:
        terminal.print_json({"data": name, "folder": str(place), **counts})
    else:
        terminal.remark(f"{name} is in {place}: {counts['train_images']} training images, "
                        f"{counts['test_images']} test images")
