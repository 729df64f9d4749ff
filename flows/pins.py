"""Pins of a board, out of the resources that amaranth-boards lists."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from amaranth.build import Clock, Connector, DiffPairs, Pins, Resource, Subsignal

__all__ = ["Pin", "board_pins"]


@dataclass(frozen=True)
class Pin:
    """A ball of the package and what is wired to it.

    Parameters
    ----------
    port : str
        Name of the port in Verilog, with an index when it is a bit of a vector.
    site : str
        The ball.
    attributes : mapping of str to str, int or bool
        Input/output standard and the like, as the family's tools spell them.
    inverted : bool
        Whether the board's signal is active low.
    clock_mhz : float or None
        Frequency of the oscillator that drives the pin.
    """

    port: str
    site: str
    attributes: Mapping[str, str | int | bool] = field(default_factory=dict)
    inverted: bool = False
    clock_mhz: float | None = None


def board_pins(resources: Iterable[Resource], connectors: Iterable[Connector]) -> Iterator[Pin]:
    """Every pin once, under the name of the first resource that has it.

    A resource's name is the port's; parts are appended (``uart_tx``), numbered resources of one
    pin each make a vector (``led[0]``), differential pairs end in ``_p`` and ``_n``. What is only
    on a connector is named after it (``gpio_0_0p``).
    """
    seen = set()
    for pin in (*_of_resources(list(resources)), *_of_connectors(connectors)):
        if pin.site not in seen:
            seen.add(pin.site)
            yield pin


def _of_resources(resources: list[Resource]) -> Iterator[Pin]:
    for resource in resources:
        alone = sum(other.name == resource.name for other in resources) == 1
        is_pin = isinstance(resource.ios[0], Pins) and len(resource.ios[0]) == 1
        index = "" if alone else f"[{resource.number}]" if is_pin else f"_{resource.number}"
        yield from _of_signal(resource, resource.name + index, {})


def _of_signal(signal: Subsignal, name: str, attributes: Mapping) -> Iterator[Pin]:
    attributes = {**attributes, **signal.attrs}
    for io in signal.ios:
        if isinstance(io, Subsignal):
            yield from _of_signal(io, f"{name}_{io.name}", attributes)
            continue
        legs = {"_p": io.p, "_n": io.n} if isinstance(io, DiffPairs) else {"": io}
        for leg, pins in legs.items():
            for bit, site in enumerate(pins.names):
                if ":" in site:  # on a connector, and listed there
                    continue
                index = f"[{bit}]" if len(pins) > 1 else ""
                yield Pin(name + leg + index, site, attributes, io.invert, _mhz(signal.clock))


def _of_connectors(connectors: Iterable[Connector]) -> Iterator[Pin]:
    for connector in connectors:
        for place, site in connector.mapping.items():
            leg = place.replace("+", "p").replace("-", "n")
            yield Pin(f"{connector.name}_{connector.number}_{leg}", site)


def _mhz(clock: Clock | None) -> float | None:
    return None if clock is None else clock.frequency / 1e6
