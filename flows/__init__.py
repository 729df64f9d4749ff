"""FPGA targets, and the open tools that build a generated design for them."""

from flows.circuit import Circuit, read_circuit
from flows.devices import DEVICES, Device, Family, get_device
from flows.errors import FlowError, FlowUnavailable, TooLarge, ToolFailed
from flows.flow import Router
from flows.mapped import Mapped, count_cells, map_design
from flows.packing import pack_circuit
from flows.reports import Kind, Usage
from flows.synthesis import (
    FLOWS,
    SynthesisResult,
    available,
    missing,
    synthesize,
    synthesize_circuit,
)
from flows.targets import TARGETS, Target, get_target

__all__ = ["DEVICES", "FLOWS", "TARGETS", "Circuit", "Device", "Family", "FlowError",
           "FlowUnavailable", "Kind", "Mapped", "Router", "SynthesisResult", "Target",
           "ToolFailed", "TooLarge", "Usage", "available", "count_cells", "get_device",
           "get_target", "map_design", "missing", "pack_circuit", "read_circuit", "synthesize",
           "synthesize_circuit"]
