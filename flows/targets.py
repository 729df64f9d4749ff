"""What a circuit is built for: a device on a board, its speed grade and its clock."""

from dataclasses import dataclass, replace

from flows.devices import DEVICES, Device, Family
from ir import Budget

__all__ = ["TARGETS", "Target", "get_target"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A device as it is bought: package, speed grade, and the board around it.

    Parameters
    ----------
    name : str
    device : Device
    package : str
        As the place-and-route tool spells it.
    speed : str
        Speed grade; empty where the device name says it already.
    clock_mhz : float
        What the accelerator's clock is constrained to unless the user says otherwise: reached by
        placed designs on ECP5 and iCE40, an assumption to plan with elsewhere.
    part : str
        The whole ordering code, as the vendor's own tools take it.
    board : str or None
        The board, a key of :data:`flows.boards.BOARDS` where its pins are known; None builds for
        the bare device, the tool choosing the pins.
    """

    name: str
    device: Device
    package: str
    speed: str
    clock_mhz: float
    part: str
    board: str | None = None

    @property
    def family(self) -> Family:
        return self.device.family

    @property
    def fit(self) -> float:
        """The share of its resources that a design is planned to fill at most.

        nextpnr found no place on an iCE40UP5K for cells that fill 0.92 of it.
        """
        return 0.7 if self.family is Family.ICE40 else 0.8

    @property
    def budget(self) -> Budget:
        return self.device.budget


def _bare_ecp5(size: str) -> Target:
    return Target(name=f"lfe5u-{size.lower()}", device=DEVICES[f"LFE5U-{size}"],
                  package="CABGA381", speed="6", clock_mhz=120.0, part=f"LFE5U-{size}-6BG381C")


def _ulx3s(size: str) -> Target:
    return replace(_bare_ecp5(size), name=f"ulx3s-{size.lower()}", board="ulx3s")


_LIST = (
    *(_ulx3s(size) for size in ("12F", "25F", "45F", "85F")),
    *(_bare_ecp5(size) for size in ("12F", "25F", "45F", "85F")),
    Target(name="icebreaker", device=DEVICES["iCE40UP5K"], board="icebreaker", package="sg48",
           speed="", clock_mhz=24.0, part="iCE40UP5K-SG48I"),
    Target(name="ice40-up5k", device=DEVICES["iCE40UP5K"], package="sg48", speed="",
           clock_mhz=24.0, part="iCE40UP5K-SG48I"),
    Target(name="ice40-hx8k-evn", device=DEVICES["iCE40HX8K"], board="ice40-hx8k-evn",
           package="ct256", speed="", clock_mhz=48.0, part="iCE40HX8K-CT256"),
    Target(name="arty-a7-35", device=DEVICES["xc7a35t"], board="arty-a7", package="csg324",
           speed="-1L", clock_mhz=100.0, part="xc7a35ticsg324-1L"),
    Target(name="arty-a7-100", device=DEVICES["xc7a100t"], board="arty-a7", package="csg324",
           speed="-1", clock_mhz=100.0, part="xc7a100tcsg324-1"),
    Target(name="pynq-z2", device=DEVICES["xc7z020"], board="pynq-z2", package="clg400",
           speed="-1", clock_mhz=100.0, part="xc7z020clg400-1"),
    Target(name="zcu104", device=DEVICES["xczu7ev"], board="zcu104", package="ffvc1156",
           speed="-2", clock_mhz=200.0, part="xczu7ev-ffvc1156-2-e"),
    Target(name="zcu102", device=DEVICES["xczu9eg"], board="zcu102", package="ffvb1156",
           speed="-2", clock_mhz=200.0, part="xczu9eg-ffvb1156-2-e"),
    Target(name="kv260", device=DEVICES["xck26"], board="kv260", package="sfvc784",
           speed="-2LV", clock_mhz=200.0, part="xck26-sfvc784-2LV-c"),
    Target(name="de0-cv", device=DEVICES["5CEBA4"], board="de0-cv", package="f23",
           speed="C7", clock_mhz=100.0, part="5CEBA4F23C7"),
    Target(name="de10-nano", device=DEVICES["5CSEBA6"], board="de10-nano", package="u23",
           speed="I7", clock_mhz=100.0, part="5CSEBA6U23I7"),
)

TARGETS: dict[str, Target] = {target.name: target for target in _LIST}
"""Every known target by its name."""


def get_target(name: str) -> Target:
    """The target called ``name``. Raises ValueError, listing those known."""
    if name not in TARGETS:
        raise ValueError(f"No target is called {name!r}; there are {', '.join(sorted(TARGETS))}")
    return TARGETS[name]
