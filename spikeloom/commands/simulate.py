"""`spikeloom simulate`."""

from pathlib import Path

import click

from spikeloom import options, terminal

__all__ = ["simulate"]


@click.command()
@options.folder_argument("RTL")
@options.preset
@options.data_set
@options.data_dir
@options.images(10)
@click.option("--waves", metavar="FILE", type=click.Path(path_type=Path),
              help="Write all signals to an FST file, for GTKWave or Surfer.")
@options.as_json
def simulate(folder: Path | None, preset: str | None, data: str | None, data_dir: Path | None,
             images: int, waves: Path | None, as_json: bool) -> None:
    """Run images through the generated Verilog.

    RTL is a folder that `spikeloom generate` wrote. Says classes, cycles and the latency of every
    layer; nothing is compared: `spikeloom verify` does that.

    \b
    Example:
      spikeloom simulate rtl --data digits --images 10 --waves out.fst
    """
    from spikeloom.subject import open_task

    task = open_task(folder, preset, data, data_dir, images)
    with terminal.stage(f"Simulate {images} images", images) as done:
        found = task.design.simulate(task.images, waves=waves, progress=done)
    classes = found.logits.argmax(1)
    result = {
        "network": task.design.graph.name, "data": task.data, "images": images,
        "classes": classes.tolist(), "labels": task.labels.tolist(),
        "logits": found.logits.tolist(),
        "accuracy_circuit": float((classes == task.labels).mean()),
        "cycles_per_image": found.cycles_per_image, "latency_cycles": dict(found.latency),
        "cycles": found.cycles, "seconds": round(found.seconds, 3),
        "cycles_per_second": found.cycles_per_second,
        "waves": str(waves) if waves else None, "kind": "measured",
    }
    if as_json:
        terminal.print_json(result)
        return
    terminal.table("Images", ["image", "label", "class"],
                   list(zip(range(images), result["labels"], result["classes"], strict=True)))
    terminal.table("Latency in cycles (measured, empty circuit)", ["tensor", "cycles"],
                   list(found.latency.items()))
    terminal.figures("Run", [("accuracy", "measured",
                              terminal.percent(result["accuracy_circuit"])),
                             ("cycles per image", "measured", found.cycles_per_image),
                             ("simulated cycles per second", "measured",
                              found.cycles_per_second)])
