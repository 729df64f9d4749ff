"""The Verilog and C++ that open a circuit's probes to a driver, leaving the circuit untouched."""

from sim.manifest import Manifest, Tensor

__all__ = ["HARNESS", "PORTS", "header", "wrapper"]

HARNESS = "harness"
"""Name of the module that :func:`wrapper` writes."""

PORTS = (
    ("input", "clk", 1), ("input", "rst", 1),
    ("input", "s_axis_tdata", 32), ("input", "s_axis_tvalid", 1),
    ("output", "s_axis_tready", 1), ("input", "s_axis_tlast", 1),
    ("output", "m_axis_tdata", 32), ("output", "m_axis_tvalid", 1),
    ("input", "m_axis_tready", 1), ("output", "m_axis_tlast", 1), ("output", "m_axis_tuser", 1),
    ("input", "s_axil_awaddr", 8), ("input", "s_axil_awprot", 3),
    ("input", "s_axil_awvalid", 1), ("output", "s_axil_awready", 1),
    ("input", "s_axil_wdata", 32), ("input", "s_axil_wstrb", 4),
    ("input", "s_axil_wvalid", 1), ("output", "s_axil_wready", 1),
    ("output", "s_axil_bresp", 2), ("output", "s_axil_bvalid", 1), ("input", "s_axil_bready", 1),
    ("input", "s_axil_araddr", 8), ("input", "s_axil_arprot", 3),
    ("input", "s_axil_arvalid", 1), ("output", "s_axil_arready", 1),
    ("output", "s_axil_rdata", 32), ("output", "s_axil_rresp", 2),
    ("output", "s_axil_rvalid", 1), ("input", "s_axil_rready", 1),
)
"""Direction, name and width of each port of a generated circuit."""


def wrapper(manifest: Manifest, *, registered: bool = False) -> str:
    """A module around the circuit with its ports and, as further outputs, its probes.

    The probes are read by hierarchical reference, so the Verilog under test stays as it is. With
    ``registered``, inputs reach the circuit one clock edge after they are set: a driver that
    decides from one cycle what the next one brings needs no more, and what depends on inputs is
    evaluated once in a cycle, not at every change.
    """
    probes = [probe for tensor in manifest.probes
              for probe in ((tensor.fire, 1), (tensor.data, tensor.lanes * tensor.bits))]
    ports = [*PORTS, *(("output", name, width) for name, width in probes)]
    held = [(name, width) for direction, name, width in PORTS
            if registered and direction == "input" and name != "clk"]
    inside = {name: f"{name}_held" for name, _ in held}
    lines = [
        f"module {HARNESS} (",
        ",\n".join(f"  {direction} wire {_range(width)}{name}"
                   for direction, name, width in ports),
        ");",
        *(f"  reg {_range(width)}{inside[name]};" for name, width in held),
        *(f"  always @(posedge clk) {inside[name]} <= {name};" for name, _ in held),
        f"  {manifest.top} dut (",
        ",\n".join(f"    .{name}({inside.get(name, name)})" for _, name, _ in PORTS),
        "  );",
        *(line for tensor in manifest.probes for line in _assigned(manifest, tensor)),
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


def _assigned(manifest: Manifest, tensor: Tensor) -> list[str]:
    """Where the probe of a tensor, or of a membrane, is inside the circuit."""
    unit = () if tensor.unit is None else (tensor.unit,)
    path = "".join(f"\\{instance} ." for instance in ("dut", *manifest.probe_path, *unit))
    fire, value = f"{path}\\{tensor.fire} ", f"{path}\\{tensor.data} "
    if tensor.unit is not None:
        moves = f"(~{path}\\o__valid | {path}\\o__ready )"
        fire, value = f"{moves} & {path}\\stage{tensor.stage} [0]", f"{path}\\h "
    return [f"  assign {tensor.fire} = {fire};", f"  assign {tensor.data} = {value};"]


def header(manifest: Manifest) -> str:
    """What the C++ driver must know of the circuit: sizes, and a visit of the probes that fired."""
    tensors = manifest.probes
    table = [f'    {{"{tensor.name}", {tensor.lanes}, {tensor.bits}, '
             f"{str(tensor.signed).lower()}, {tensor.beats}}}," for tensor in tensors]
    visits = [f"    if (top.{_member(tensor.fire)}) visit({index}, top.{_member(tensor.data)});"
              for index, tensor in enumerate(tensors)]
    lines = [
        f"constexpr uint64_t INPUT_BEATS = {manifest.input_beats};",
        f"constexpr uint64_t OUTPUT_BEATS = {manifest.output_beats};",
        f"constexpr unsigned PROBES = {len(tensors)};",
        "constexpr Probe PROBE[PROBES] = {",
        *table,
        "};",
        "template <class Visitor>",
        f"inline void visit_fired(const V{HARNESS}& top, Visitor&& visit) {{",
        *visits,
        "}",
    ]
    return "\n".join(lines) + "\n"


def _range(width: int) -> str:
    return f"[{width - 1}:0] " if width > 1 else ""


def _member(name: str) -> str:
    """Verilator's C++ name of a signal: a second underscore in a row is written by its code."""
    return name.replace("__", "___05F")
