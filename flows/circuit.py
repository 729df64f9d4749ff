"""The circuit that a flow builds: Verilog, memory contents and the ports of its top module."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Circuit", "Port", "read_circuit"]

_DECLARATION = re.compile(r"^\s*(input|output)\s+(?:wire\s+|reg\s+)?(?:signed\s+)?"
                          r"(?:\[\s*(\d+)\s*:\s*(\d+)\s*\]\s*)?(\w+)\s*[;,]?\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Port:
    """A port of the top module."""

    name: str
    width: int
    is_input: bool


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """A design as Verilog.

    Parameters
    ----------
    top : str
        Its top module, with plain numbers as port widths and one declaration a line (Amaranth
        and Yosys write so). Port ``clk`` is its clock; ``rst``, if there, its reset.
    sources : mapping of str to bytes
        Relative path to content of the Verilog files.
    memories : mapping of str to bytes
        The same of the files that the Verilog reads with ``$readmemh``.

    Raises
    ------
    ValueError
        When no source has the top module, or it has no ``clk`` or no outputs.
    """

    top: str
    sources: Mapping[str, bytes] = field(repr=False)
    memories: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    ports: tuple[Port, ...] = field(init=False)

    def __post_init__(self):
        ports = tuple(self._read_ports())
        if not any(port.name == "clk" and port.is_input for port in ports):
            raise ValueError(f"Module {self.top!r} has no input 'clk'")
        if all(port.is_input for port in ports):
            raise ValueError(f"Module {self.top!r} has no outputs: nothing of it would be left "
                             "after optimisation")
        object.__setattr__(self, "ports", ports)

    def _read_ports(self):
        body = re.compile(rf"^\s*module\s+{re.escape(self.top)}\b(.*?)^\s*endmodule",
                          re.MULTILINE | re.DOTALL)
        for source in self.sources.values():
            if found := body.search(source.decode()):
                break
        else:
            raise ValueError(f"No module is called {self.top!r} in "
                             f"{', '.join(self.sources) or 'no sources'}")
        for direction, high, low, name in _DECLARATION.findall(found.group(1)):
            width = int(high) - int(low) + 1 if high else 1
            yield Port(name, width, direction == "input")


def read_circuit(folder: Path | str) -> Circuit:
    """Read a generated design as its ``manifest.json`` lists it.

    Raises FileNotFoundError when the manifest or a file in it is missing, ValueError when the
    manifest is damaged.
    """
    folder = Path(folder)
    path = folder / "manifest.json"
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is not a generated design: it has no manifest.json; "
                                "make one with `spikeloom generate`")
    try:
        manifest = json.loads(path.read_text())
        top = manifest["top"]
        sources, memories = (list(manifest[key]) for key in ("sources", "memories"))
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); generate the design again") from error
    return Circuit(top=top, sources=_read(folder, sources), memories=_read(folder, memories))


def _read(folder: Path, names: list[str]) -> dict[str, bytes]:
    for name in names:
        if not isinstance(name, str) or not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / str(name)}, listed in manifest.json, is missing; "
                                    "generate the design again")
    return {name: (folder / name).read_bytes() for name in names}
