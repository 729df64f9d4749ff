"""A circuit alone, placed and routed: its area, its clock, and their product with time."""

from typing import Any

from flows import Circuit, Router, Target, synthesize_circuit
from flows.ecp5 import Ecp5
from flows.flow import Flow
from spikeloom.bench.row import NotMeasured
from spikeloom.bench.run import Setting

__all__ = ["MINUTES", "TARGET", "WithMultipliers", "placed_figures"]

TARGET = "ulx3s-85f"

MINUTES = 90
"""For which a tool may map, or place and route, what is unrolled."""


class WithMultipliers(Ecp5):
    """Our flow but for the multipliers of the device, which our circuits have no use for."""

    def mapping(self, target: Target) -> tuple[str, ...]:
        return tuple(command.replace(" -nodsp", "") for command in super().mapping(target))


def placed_figures(circuit: Circuit, cycles: float, setting: Setting, *, seed: int = 1,
                   clock_mhz: float | None = None, minutes: float | None = None,
                   flow: Flow | None = None, router: Router = Router.FIRST) -> dict[str, Any]:
    """Placed area and routed clock, and LUT times the microseconds of ``cycles``."""
    placed = synthesize_circuit(circuit, TARGET, clock_mhz=clock_mhz, seed=seed, router=router,
                                minutes=minutes, flow=flow, progress=setting.remark)
    area, fmax = placed.accelerator, placed.fmax_mhz
    if not fmax or not area.luts:
        raise NotMeasured("place and route gave no clock or no area")
    return {**area.as_dict(), "fmax_mhz": fmax, "lut_us": area.luts * cycles / fmax}
