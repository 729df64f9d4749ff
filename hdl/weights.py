"""Where the weights of a convolution lie."""

from enum import StrEnum

__all__ = ["Weights"]


class Weights(StrEnum):
    """Where weights lie, and how they come there."""

    CONSTANT = "constant"
    """In block RAM, or where there are few in logic: there from the beginning."""

    LOGIC = "logic"
    """In look-up tables, however many there are."""

    LOADED = "loaded"
    """Written after reset, see :mod:`hdl.weight_loader`: into UltraRAM, which has no contents."""
