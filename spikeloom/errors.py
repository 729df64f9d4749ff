"""What a user is told when something cannot be done, and the program's exit code for it."""

from enum import IntEnum

__all__ = ["Exit", "TargetTooSmall", "explain"]

OURS = ("ir", "golden", "hdl", "sim", "flows", "spikeloom")
"""Our own packages: one of them missing is no user's mistake."""


class TargetTooSmall(UserWarning):
    """A circuit is larger than its target: it can be simulated, and will not be built."""


class Exit(IntEnum):
    """How the program ends."""

    DONE = 0
    BUG = 1
    BAD_INPUT = 2
    CLOCK_MISSED = 3
    DOES_NOT_FIT = 4
    MISMATCH = 5
    MISSING_TOOL = 6
    INTERRUPTED = 130


def explain(error: BaseException) -> tuple[Exit, str] | None:
    """Exit code and message for an error that a user can do something about; None for a bug."""
    if isinstance(error, KeyboardInterrupt):
        return Exit.INTERRUPTED, "Interrupted; nothing half-written was left"
    if isinstance(error, ModuleNotFoundError) and _foreign(error.name):
        return Exit.MISSING_TOOL, (f"Python package {error.name!r} is missing; `spikeloom doctor` "
                                   "says how to install what is needed")
    # Imported late: the front door opens before the heavy packages are loaded.
    from flows.errors import FlowError, FlowUnavailable, TooLarge
    from hdl.solve import DoesNotFit
    from sim.build import BuildError
    from sim.pool import SimulationError
    from sim.tools import ToolMissing

    if isinstance(error, FlowUnavailable | ToolMissing):
        return Exit.MISSING_TOOL, str(error)
    if isinstance(error, TooLarge | DoesNotFit):
        return Exit.DOES_NOT_FIT, "\n".join([str(error), *getattr(error, "__notes__", ())])
    if isinstance(error, SimulationError):
        return Exit.MISMATCH, str(error)
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return Exit.BAD_INPUT, f"{place}{error.strerror}"
    if isinstance(error, ValueError | OSError | FlowError | BuildError):
        return Exit.BAD_INPUT, str(error)
    return None


def _foreign(module: str | None) -> bool:
    return (module or "").partition(".")[0] not in OURS
