"""The ECP5's memory leaf: what every design's does, and an output register in each block RAM."""

import random
import shutil
from pathlib import Path

import hdl
from flows import Circuit
from flows.columns import columns, with_columns
from flows.ecp5 import LEAF, MEMORY, Ecp5
from flows.flow import NETLIST, flat_module
from flows.run import execute
from flows.targets import get_target
from tests.flows.bench import simulated

DATA = Path(__file__).parent / "data"
PLAIN = Path(hdl.__file__).parent / MEMORY

TOP = b"""module deep(
  input clk,
  input [10:0] address,
  output reg [47:0] word
);
  wire [47:0] found;
  spikeloom_memory #(.WIDTH(48), .DEPTH(1100), .ADDR(11), .WRITABLE(0), .INIT("deep.hex")) memory(
      .clk(clk), .read_en(1'b1), .read_addr(address), .read_data(found), .write_en(1'b0),
      .write_addr(11'd0), .write_data(48'd0));
  always @(posedge clk) word <= found;
endmodule
"""


def contents(words, bits):
    source = random.Random(1)
    return "".join(f"{source.getrandbits(bits):0{bits // 4}x}\n" for _ in range(words)).encode()


def test_columns_hold_all_bits():
    content = contents(1100, 48)
    parts = [[int(line, 16) for line in part.split()] for part in columns(content)]
    joined = [sum(bits << 9 * n for n, bits in enumerate(row)) for row in zip(*parts, strict=True)]
    assert joined == [int(line, 16) for line in content.split()]
    assert not columns(contents(512, 48)) and len(columns(contents(513, 48))) == 3


def test_the_leaf_does_what_the_plain_one_does(tmp_path):
    for path, content in with_columns({"deep.hex": contents(1100, 48)}).items():
        (tmp_path / path).write_bytes(content)
    (tmp_path / "plain.v").write_text(
        PLAIN.read_text().replace("module spikeloom_memory", "module plain"))
    shutil.copy(LEAF, tmp_path / "leaf.v")
    shutil.copy(DATA / "columns_tb.v", tmp_path)
    cycles, different, telling = simulated("columns_tb", tmp_path)
    assert (cycles, different) == (20000, 0)
    assert telling > 10000


def test_every_block_ram_of_a_deep_memory_has_its_output_register(cache):
    flow = Ecp5()
    circuit = Circuit(top="deep", sources={"deep.v": TOP, MEMORY: PLAIN.read_bytes()},
                      memories={"deep.hex": contents(1100, 48)})
    folder = execute(flow.synthesis(circuit, get_target("ulx3s-25f"))).folder
    netlist = flat_module(flow.as_placed((folder / NETLIST).read_bytes()))[1]
    rams = [cell["parameters"] for cell in netlist["cells"].values() if cell["type"] == "DP16KD"]
    assert len(rams) == 6
    assert all("OUTREG" in (ram["REGMODE_A"], ram["REGMODE_B"]) for ram in rams)
