"""`spikeloom demo`."""

import json
import time
from pathlib import Path

import click

from spikeloom import options, terminal
from spikeloom.errors import Exit

__all__ = ["demo"]

PRESET = "digits"


@click.command()
@options.output("Folder of the run.", default="runs/demo", show_default=True)
@options.target
@options.as_json
@click.pass_context
def demo(ctx: click.Context, output: Path, target: str, as_json: bool) -> None:
    """Walk the whole path on real data, in minutes.

    The data are scikit-learn's digits, 8x8, which need no download. The shipped checkpoint is
    quantised and generated as Verilog; every test image runs through the circuit, and every value
    on the way is compared with the integer network; the circuit is placed and routed for an ECP5.
    Ends with a table and one HTML page.

    \b
    Example:
      spikeloom demo -o runs/demo
    """
    from golden.data import load
    from golden.presets import find_preset
    from spikeloom.design import generate, read_design
    from spikeloom.quantization import quantize
    from spikeloom.recording import measure_neurons
    from spikeloom.report import NEURONS, VERIFICATION, write_report, write_whole
    from spikeloom.summary import agrees, summary
    from spikeloom.verification import measure

    started = time.monotonic()
    preset = find_preset(PRESET)
    with terminal.stage("1/5 Load the data and the trained checkpoint, quantise"):
        dataset = load(preset.dataset)
        graph = quantize(preset.name)
    with terminal.stage("2/5 Generate the circuit"):
        generate(graph, target).write(output / "rtl")
        design = read_design(output / "rtl")
    images, labels = dataset.test_images, dataset.test_labels
    terminal.remark("3/5 Prove circuit and integer network equal")
    found = measure(design, images, labels, preset=preset, trace_images=len(images),
                    stage=terminal.stage)
    found["data"] = dataset.name
    write_whole(output / VERIFICATION, json.dumps(found, indent=1) + "\n")
    with terminal.stage("    Look into the neurons"):
        inside = measure_neurons(design, images[0], 0, int(labels[0]))
    write_whole(output / NEURONS, json.dumps(inside) + "\n")
    with terminal.stage(f"4/5 Synthesise, place and route for {target}"):
        placed = design.synthesize(target, work=output / "synthesis", progress=terminal.remark)
    with terminal.stage("5/5 Write the report"):
        page = write_report(output)
    seconds = time.monotonic() - started
    if as_json:
        layers = ("layers", "stages", "energy", "notes")
        terminal.print_json({
            **{name: value for name, value in found.items() if name not in layers},
            "energy": {name: value for name, value in found["energy"].items()
                       if name not in ("layers", "memories")},
            "synthesis": placed.as_dict(), "report": str(page), "seconds": round(seconds, 1)})
    else:
        terminal.figures(f"{preset.name}: {len(images)} test images, {target}",
                         summary(found, placed.as_dict()))
        terminal.remark(f"{seconds:.0f} s in all. The circuit is in {output / 'rtl'}, "
                        f"the report is {page}")
    equal = agrees(found) and agrees(inside)
    ctx.exit(Exit.MISMATCH if not equal else Exit.DONE if placed.met else Exit.CLOCK_MISSED)
