"""All that the bench measures, in the order of the table."""

from spikeloom.bench import (
    classifiers,
    energies,
    golden_speed,
    linear,
    networks,
    presets,
    spikformers,
)
from spikeloom.bench.run import Check

__all__ = ["CHECKS"]

CHECKS: tuple[Check, ...] = (*networks.CHECKS, *presets.CHECKS, *linear.CHECKS,
                             *classifiers.CHECKS, *spikformers.CHECKS, *golden_speed.CHECKS,
                             *energies.CHECKS)
