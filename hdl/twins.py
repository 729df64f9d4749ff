"""Modules that are equal are written once, and are elaborated once by whoever reads them.

The text is RTLIL as Amaranth writes it, line by line: a module begins with its attributes and ends
with the only ``end`` without indentation, a cell inside it is indented by two. Instances keep their
names, and with them the paths of all that is inside.
"""

import re

__all__ = ["WORTH", "merged"]

WORTH = 0.3
"""The share of the text that must go. A module of many places is named after the first of them,
which reads worse, and circuits are placed and measured as they are written: where little repeats,
nothing changes."""

END = "\nend\n\n"
MODULE = re.compile(r"^module (\\\S+)$", re.M)
CELL = re.compile(r"^  cell (\\\S+)(?= )", re.M)
PIN = re.compile(r"    connect (\\\S+) ")
PORT = re.compile(r"\\port\$\d+\$\d+(?!\S)")
"""Amaranth's name of a port that carries no signal of the module: where its net is in the whole
netlist, which differs between modules that do not."""
DECLARED = re.compile(rf"^  wire .* ({PORT.pattern})$", re.M)


def merged(text: str) -> str:
    """The same circuit with one module for all that are equal, or ``text`` if that saves little.

    Modules are equal when all is but their names and those of ports without a signal: what they
    instantiate is equal, and memories are of the same files. They have the first one's name.
    """
    modules = _renumbered(_split(text))
    kinds = _kinds(modules)
    first: dict[int, str] = {}
    for name, kind in kinds.items():
        first.setdefault(kind, name)
    shared = {name: first[kind] for name, kind in kinds.items()}
    written = "".join(_instantiating(modules[name], shared) for name in first.values())
    return written if len(written) <= (1 - WORTH) * len(text) else text


def _split(text: str) -> dict[str, str]:
    """Each module's text by its name."""
    parts = text.split(END)
    if parts.pop():
        raise ValueError("The text does not end with a module's end")
    modules = {}
    for part in parts:
        heads = MODULE.findall(part)
        if len(heads) != 1 or heads[0] in modules:
            raise ValueError(f"The text up to an end is not one module more, but {heads}")
        modules[heads[0]] = part + END
    return modules


def _renumbered(modules: dict[str, str]) -> dict[str, str]:
    """The modules with ports that carry no signal counted in each by itself."""
    ports = {name: {port: rf"\port${number}$0"
                    for number, port in enumerate(DECLARED.findall(text))}
             for name, text in modules.items()}
    return {name: _with_ports(text, ports[name], ports) for name, text in modules.items()}


def _with_ports(text: str, own: dict[str, str], ports: dict[str, dict[str, str]]) -> str:
    """A module with such ports renamed: its own, and those of what it instantiates."""
    lines, inside = [], {}
    for line in text.splitlines(keepends=True):
        if cell := CELL.match(line):
            inside = ports.get(cell[1], {})
        elif r"\port$" in line:
            pin = PIN.match(line)
            name, rest = (pin[1], line[pin.end():]) if pin else ("", line)
            line = f"    connect {inside.get(name, name)} " if pin else ""
            line += PORT.sub(lambda port: own.get(port[0], port[0]), rest)
        lines.append(line)
    return "".join(lines)


def _kinds(modules: dict[str, str]) -> dict[str, int]:
    """A number for each module, the same for those that are equal."""
    kinds: dict[str, int] = {}
    seen: dict[str, int] = {}

    def kind(name: str) -> int:
        if name not in kinds:
            inside = {child: f"\\{kind(child)}"
                      for child in CELL.findall(modules[name]) if child in modules}
            body = MODULE.sub("module", _instantiating(modules[name], inside))
            kinds[name] = seen.setdefault(body, len(seen))
        return kinds[name]

    return {name: kind(name) for name in modules}


def _instantiating(text: str, names: dict[str, str]) -> str:
    """A module that instantiates others in the place of those named."""
    return CELL.sub(lambda cell: f"  cell {names.get(cell[1], cell[1])}", text)
