"""Constraint files of the tools, written from pins."""

from collections.abc import Iterable

from flows.pins import Pin

__all__ = ["write_lpf", "write_pcf", "write_xdc"]


def _remark(pin: Pin, comment: str) -> str:
    return f"  {comment} active low" if pin.inverted else ""


def write_lpf(pins: Iterable[Pin]) -> str:
    """Constraints for Lattice's tools and nextpnr-ecp5."""
    lines = ["BLOCK ASYNCPATHS;", "BLOCK RESETPATHS;"]
    for pin in pins:
        lines.append(f'LOCATE COMP "{pin.port}" SITE "{pin.site}";{_remark(pin, "#")}')
        if pin.attributes:
            settings = " ".join(f"{key}={value}" for key, value in pin.attributes.items())
            lines.append(f'IOBUF PORT "{pin.port}" {settings};')
        if pin.clock_mhz:
            lines.append(f'FREQUENCY PORT "{pin.port}" {pin.clock_mhz:g} MHZ;')
    return "\n".join(lines) + "\n"


def write_pcf(pins: Iterable[Pin]) -> str:
    """Constraints for nextpnr-ice40; ports that a design does not have are passed over."""
    lines = []
    for pin in pins:
        pull = " -pullup yes" if pin.attributes.get("PULLUP") else ""
        lines.append(f"set_io -nowarn{pull} {pin.port} {pin.site}{_remark(pin, '#')}")
        if pin.clock_mhz:
            lines.append(f"set_frequency {pin.port} {pin.clock_mhz:g}")
    return "\n".join(lines) + "\n"


def write_xdc(pins: Iterable[Pin]) -> str:
    """Constraints for Vivado."""
    lines = []
    for pin in pins:
        settings = " ".join(f"{key} {value}" for key, value in pin.attributes.items())
        settings = f"PACKAGE_PIN {pin.site} {settings}".rstrip()
        lines.append(f"set_property -dict {{{settings}}} [get_ports {{{pin.port}}}]"
                     f"{_remark(pin, ';#')}")
        if pin.clock_mhz:
            lines.append(f"create_clock -name {pin.port} -period {1000 / pin.clock_mhz:.3f} "
                         f"[get_ports {{{pin.port}}}]")
    return "\n".join(lines) + "\n"
