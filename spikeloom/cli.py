"""The command line: `spikeloom COMMAND`."""

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import click

from spikeloom.errors import Exit, TargetTooSmall, explain

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS = ("doctor", "demo", "download", "train", "quantize", "generate", "simulate", "verify",
            "synth", "energy", "report", "compare", "explore", "zoo", "bench")
"""In the order of the path; each is the module and the function of its name."""


class Commands(click.Group):
    """Commands that are imported when they are needed, in the order of the path."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(import_module(f"spikeloom.commands.{cmd_name}"), cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]):
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"There is no command {args[0]!r}; there are "
                                   f"{', '.join(COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"],
                                             "max_content_width": 100})
@click.version_option(package_name="spikeloom")
@click.option("--debug", is_flag=True, hidden=True, help="Show stack traces.")
def cli(debug: bool) -> None:
    """From a trained spiking transformer to verified Verilog on an FPGA.

    \b
    The path:  train -> quantize -> generate -> simulate / verify -> synth -> report
    Try it:    spikeloom demo
    Set-up:    spikeloom doctor

    Wherever a folder is taken, --preset NAME works too; every command has --json for machines.

    \b
    Exit codes: 2 wrong usage or input, 3 clock missed, 4 does not fit, 5 difference found,
    6 tool missing, 130 interrupted.
    """


def main(arguments: Sequence[str] | None = None, command: click.Command = cli) -> None:
    """Run the command line, or another command in its manner, and end the program."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _warned(warnings.showwarning)
        code = _run(command, arguments)
    sys.exit(code)


def _warned(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Shows our own warnings as errors are shown; ``otherwise`` shows all others."""
    def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
        if issubclass(category, TargetTooSmall):
            click.echo(f"Warning: {message}", err=True)
        else:
            otherwise(message, category, *place)
    return show


def _run(command: click.Command, arguments: list[str]) -> int:
    try:
        code = command.main(arguments, prog_name="spikeloom", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return Exit.BAD_INPUT
    except BaseException as error:
        if "--debug" in arguments or isinstance(error, SystemExit):
            raise
        # click.Abort is how click passes on an interruption.
        explained = explain(KeyboardInterrupt() if isinstance(error, click.Abort) else error)
        if explained is None:
            raise
        code, message = explained
        click.echo(f"Error: {message}", err=True)
    return code if isinstance(code, int) else Exit.DONE
