"""`spikeloom synth`."""

from pathlib import Path

import click

from spikeloom import options, terminal
from spikeloom.errors import Exit

__all__ = ["synth"]


@click.command()
@options.folder_argument("RTL")
@options.preset
@options.target
@click.option("--clock", metavar="MHZ", type=click.FloatRange(min=0, min_open=True),
              help="Clock to reach. Default: the target's.")
@click.option("--seed", metavar="N", type=click.IntRange(min=0), default=1, show_default=True,
              help="Of the placer; Fmax differs by about 10 % from seed to seed.")
@click.option("--router", type=click.Choice(["router1", "router2"]), default="router1",
              show_default=True, help="Nextpnr's: the second ends where the first goes on for "
              "hours, if --clock is one that it reaches, some 10 % below the first's.")
@options.output("Folder of a run: bitstream, logs and synthesis.json go to synthesis/ there, for "
                "`spikeloom report`.")
@options.as_json
@click.pass_context
def synth(ctx: click.Context, folder: Path | None, preset: str | None, target: str,
          clock: float | None, seed: int, router: str, output: Path | None, as_json: bool) -> None:
    """Synthesise, place and route the circuit.

    RTL is a folder that `spikeloom generate` wrote; the tools are open, and go as far as a
    bitstream. Ends with 3 if the clock is missed, with 4 if the circuit does not fit. What was
    built once is found again.

    \b
    Example:
      spikeloom synth rtl --target ulx3s-85f
      spikeloom synth --preset digits --target ulx3s-25f --clock 100 --json
    """
    from flows import Router
    from spikeloom.subject import design_of
    from spikeloom.summary import summary

    design = design_of(folder, preset, target)
    with terminal.stage(f"Build for {target}"):
        found = design.synthesize(target, clock_mhz=clock, seed=seed, router=Router(router),
                                  progress=terminal.remark, work=output and output / "synthesis")
    result = {"network": design.graph.name, **found.as_dict()}
    if as_json:
        terminal.print_json(result)
    else:
        terminal.figures(f"{design.graph.name} on {target}", summary(None, result))
    if not found.met:
        terminal.remark(f"The clock is missed: {found.fmax_mhz:.1f} MHz after routing, "
                        f"{found.clock_mhz:g} MHz asked for. A lower --clock or another --seed may "
                        "do.")
    ctx.exit(Exit.DONE if found.met else Exit.CLOCK_MISSED)
