"""Published energies, recomputed from the sizes of layers and their published firing rates."""

from functools import partial

from spikeloom.bench.row import MODELLED, Finding, Goal, Peer
from spikeloom.bench.run import Check, Setting
from spikeloom.energy.published import find_published, published

__all__ = ["CHECKS"]

GOAL = Goal(False, 2)
"""Percent."""


def _deviation(name: str, setting: Setting) -> Finding:
    """How far the recomputed energy is from the published one."""
    network = find_published(name)
    layers = network.layers()
    millijoules = sum(layer.picojoules for layer in layers) / 1e9
    return Finding(
        value=100 * abs(millijoules / network.energy_mj - 1), kind=MODELLED,
        peers=(Peer("published", None, f"{network.energy_mj:g} mJ"),),
        how=f"{millijoules:.4g} mJ from the firing rates that its authors publish, "
            f"{len(layers)} layers, 45 nm fp32",
        figures={"energy_mj": millijoules})


CHECKS = tuple(Check(name=f"energy/{name}", unit="%", goal=GOAL,
                     measure=partial(_deviation, name),
                     packages=("spikeloom/energy", "spikeloom/bench"))
               for name, network in published().items() if network.measured is not None)
