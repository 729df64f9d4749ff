"""Integer arrays inside frozen specs: checked once, read-only afterwards."""

import numpy as np

__all__ = ["frozen_integers"]


def frozen_integers(subject: str, array: object, ndim: int) -> np.ndarray:
    """A read-only int64 copy of ``array``, which must hold integers and have ``ndim`` axes.

    Raises TypeError for anything but integers, ValueError for another number of axes or no values;
    ``subject`` names the array in the message.
    """
    result = np.array(array)
    if result.dtype.kind not in "iu":
        raise TypeError(f"{subject} must be integers, not {result.dtype}")
    if result.ndim != ndim:
        raise ValueError(f"{subject} must have {ndim} axes, not {result.ndim}")
    if not result.size:
        raise ValueError(f"{subject} is empty")
    result = result.astype(np.int64)
    result.flags.writeable = False
    return result
