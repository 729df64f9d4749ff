"""What the tests of the window operators share: maps, cuts, windows."""

from hdl.layout import Layout
from tests.ops.bench import tensor

__all__ = ["CUTS", "WINDOWS", "layout"]

CUTS = ((1, 1), (2, 1), (4, 2), (4, 4))
"""Block and lanes of four channels."""

WINDOWS = {
    "pointwise": ((1, 1, 0), (2, 4, 2, 3)),
    "dilating": ((3, 1, 1), (1, 4, 3, 4)),
    "halving": ((2, 2, 0), (2, 4, 3, 5)),
    "overlapping": ((3, 2, 1), (1, 4, 5, 4)),
    "skipping": ((1, 2, 0), (1, 4, 4, 4)),
    "skipping far": ((2, 4, 1), (1, 4, 6, 5)),
    "whole map": ((4, 4, 0), (2, 4, 4, 4)),
    "single column": ((2, 1, 1), (1, 4, 3, 1)),
}
"""Kernel, stride and padding; steps, channels, height and width."""


def layout(shape, cut, low: int, high: int) -> Layout:
    return Layout(tensor(*shape, low, high), *cut)
