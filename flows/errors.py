"""What can go wrong between a circuit and a bitstream, each with one clear message."""

from collections.abc import Mapping

__all__ = ["FlowError", "FlowUnavailable", "ToolFailed", "TooLarge"]


class FlowError(Exception):
    """A circuit could not be built for its target."""


class FlowUnavailable(FlowError):
    """The flow exists, but this machine lacks a tool that it runs."""


class ToolFailed(FlowError):
    """A tool stopped with an error; the message quotes its log.

    Attributes
    ----------
    log : str
        All that the tool wrote.
    """

    def __init__(self, message: str, log: str):
        self.log = log
        super().__init__(message)


class TooLarge(FlowError):
    """A circuit needs more than its target has.

    Attributes
    ----------
    target : str
    shortfall : mapping of str to int
        Resource (``luts``, ``ffs``, ``brams``, ``dsps``) to how many are missing.
    fitting : tuple of str
        Known targets of the same flow that have enough, smallest first.
    """

    def __init__(self, target: str, shortfall: Mapping[str, int], available: Mapping[str, int],
                 fitting: tuple[str, ...]):
        self.target = target
        self.shortfall = dict(shortfall)
        self.fitting = fitting
        parts = [f"{available[name] + missing} {name} needed, {available[name]} there "
                 f"({missing} short)" for name, missing in shortfall.items()]
        advice = (f"it would fit {', '.join(fitting)}" if fitting
                  else "no known target of this flow is large enough")
        super().__init__(f"The circuit is too large for {target}: {'; '.join(parts)}; {advice}, "
                         "or generate it with a smaller folding")
