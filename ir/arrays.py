"""Integer arrays inside frozen specs: checked once, read-only afterwards."""

import numpy as np

__all__ = ["frozen_integers"]


def frozen_integers(subject: str, array: object, *ndims: int) -> np.ndarray:
    """A read-only int64 copy of ``array``: integers, of one of so many axes.

    Raises TypeError for anything but integers, ValueError for another number of axes or no values;
    ``subject`` names the array in the message.
    """
    result = np.array(array)
    if result.dtype.kind not in "iu":
        raise TypeError(f"{subject} must be integers, not {result.dtype}")
    if result.ndim not in ndims:
        raise ValueError(f"{subject} must have {' or '.join(map(str, ndims))} axes, "
                         f"not {result.ndim}")
    if not result.size:
        raise ValueError(f"{subject} is empty")
    result = result.astype(np.int64)
    result.flags.writeable = False
    return result
