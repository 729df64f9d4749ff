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
    from spikeloom.images import default_data, find_data, test_images
    from spikeloom.subject import design_of

    design = design_of(folder, preset)
    dataset = find_data(data, data_dir, default_data(design.graph.notes))
    pixels, labels = test_images(dataset, design.graph, images)
    with terminal.stage(f"Simulate {len(pixels)} images", len(pixels)) as done:
        found = design.simulate(pixels, waves=waves, progress=done)
    classes = found.logits.argmax(1)
    result = {
        "network": design.graph.name, "data": dataset.name, "images": len(pixels),
        "classes": classes.tolist(), "labels": labels.tolist(), "logits": found.logits.tolist(),
        "accuracy_circuit": float((classes == labels).mean()),
        "cycles_per_image": found.cycles_per_image, "latency_cycles": dict(found.latency),
        "cycles": found.cycles, "seconds": round(found.seconds, 3),
        "waves": str(waves) if waves else None, "kind": "measured",
    }
    if as_json:
        terminal.print_json(result)
        return
    terminal.table("Images", ["image", "label", "class"],
                   [[i, int(label), int(found_class)]
                    for i, (label, found_class) in enumerate(zip(labels, classes, strict=True))])
    terminal.table("Latency in cycles (measured, empty circuit)", ["tensor", "cycles"],
                   list(found.latency.items()))
    terminal.figures("Run", [("accuracy", "measured",
                              terminal.percent(result["accuracy_circuit"])),
                             ("cycles per image", "measured", found.cycles_per_image)])
