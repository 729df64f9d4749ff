"""`spikeloom quantize`."""

from pathlib import Path

import click

from spikeloom import options, terminal

__all__ = ["quantize"]


@click.command()
@click.argument("model", metavar="[CHECKPOINT]", required=False, type=click.Path(path_type=Path))
@options.preset
@options.output("Net folder: the integer graph.", required=True)
@click.option("--weight-bits", metavar="BITS", type=click.Choice(["2", "3", "4", "8"]),
              help="Bits of a weight. Default: the preset's own, else 4.")
@options.data_set
@options.data_dir
@options.as_json
def quantize(model: Path | None, preset: str | None, output: Path, weight_bits: str | None,
             data: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Make the integer graph of a trained model.

    CHECKPOINT is what `spikeloom train` wrote. One that was trained on integers is taken as it is;
    a float one is quantised with training images of the data set. Says the accuracy before and
    after.

    \b
    Example:
      spikeloom quantize --preset digits -o net
      spikeloom quantize runs/train/digits.safetensors --weight-bits 8 --data digits -o net
    """
    from golden.checkpoints import load_checkpoint
    from golden.presets import find_preset
    from golden.run import accuracy
    from ir.folder import digest, save
    from spikeloom.images import default_data, find_data
    from spikeloom.quantization import calibration_images, float_accuracy
    from spikeloom.quantization import quantize as quantize_model

    options.chosen(model, preset)
    bits = int(weight_bits) if weight_bits else None
    if preset is not None:
        known = find_preset(preset)
        dataset, source, before = known.dataset, known.name, known.float_checkpoint
        image = load_checkpoint(before)[0].image
    else:
        assert model is not None
        before = source = model
        network, notes = load_checkpoint(model)
        dataset, image = default_data(notes), network.image
    images = find_data(data, data_dir, dataset).in_levels(image)
    with terminal.stage("Quantise"):
        graph = quantize_model(source, calibration_images(images), bits)
    with terminal.stage(f"Run {len(images.test_images)} test images"):
        after = accuracy(graph, images.test_images, images.test_labels)
        reference = float_accuracy(before, images.test_images, images.test_labels)
    save(graph, output)
    result = {
        "network": graph.name, "output": str(output), "digest": digest(graph),
        "data": images.name, "images": len(images.test_images), "accuracy_float": reference,
        "accuracy_integer": after, "nodes": len(graph.nodes), "notes": dict(graph.notes),
    }
    if as_json:
        terminal.print_json(result)
        return
    terminal.figures(f"Network {graph.name}", [
        ("accuracy, float model", "measured", terminal.percent(reference)),
        ("accuracy, integer network", "measured", terminal.percent(after)),
        ("test images", "measured", len(images.test_images))])
    terminal.remark(f"The integer graph is in {output}")
