"""From a trained spiking transformer to verified Verilog on an FPGA.

::

    graph = spikeloom.quantize("digits")
    design = spikeloom.generate(graph, target="ulx3s-85f")
    design.write("rtl")
    result = design.verify(images)
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ir.folder import load as load_graph
    from ir.folder import save as save_graph
    from spikeloom.analysis import analyse
    from spikeloom.capturing import capture
    from spikeloom.design import Design, generate, read_design
    from spikeloom.quantization import quantize

__all__ = ["Design", "analyse", "capture", "generate", "load_graph", "quantize", "read_design",
           "save_graph"]

_HOMES = {
    "Design": ("spikeloom.design", "Design"),
    "analyse": ("spikeloom.analysis", "analyse"),
    "capture": ("spikeloom.capturing", "capture"),
    "generate": ("spikeloom.design", "generate"),
    "load_graph": ("ir.folder", "load"),
    "quantize": ("spikeloom.quantization", "quantize"),
    "read_design": ("spikeloom.design", "read_design"),
    "save_graph": ("ir.folder", "save"),
}


def __getattr__(name: str):
    """Import what is asked for only then: `spikeloom --help` must not wait for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'spikeloom' has no attribute {name!r}; it has "
                             f"{', '.join(__all__)}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
