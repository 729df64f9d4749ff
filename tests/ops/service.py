"""What an engine needs for itself, measured: nothing before it or behind it makes it wait."""

import numpy as np

from tests.ops.bench import check

__all__ = ["check_service"]

ROUNDS = 3


def check_service(dut, op, layout, images: np.ndarray, *, within: float) -> None:
    """Simulated cycles per image are not below ``service()``, and above it by ``within`` at most.

    The images come round again, so that what is measured begins and ends in one state.
    """
    outcome = check(dut, op, {"i": (layout, np.concatenate([images] * ROUNDS))})
    beats = dut.out.image_beats
    ends = outcome.cycles[beats - 1::beats]
    assert len(ends) == ROUNDS * len(images)
    measured = (ends[-1] - ends[len(images) - 1]) / ((ROUNDS - 1) * len(images))
    service = dut.timing(images).service()
    assert service <= measured <= service * (1 + within)
