"""A small circuit through the real tools, and what is said when it cannot be built."""

import json
from dataclasses import replace

import pytest

from flows import (
    Circuit,
    FlowUnavailable,
    Router,
    TooLarge,
    ToolFailed,
    pack_circuit,
    run,
    synthesize_circuit,
)

MANY = b"""module many(
  input clk,
  input [7:0] address,
  input write,
  input [15:0] data,
  output [%(last)d:0] words
);
  genvar n;
  generate
    for (n = 0; n < %(count)d; n = n + 1) begin : block
      reg [15:0] memory [0:255];
      reg [15:0] word;
      always @(posedge clk) begin
        if (write) memory[address] <= data + n;
        word <= memory[~address];
      end
      assign words[n] = ^word;
    end
  endgenerate
endmodule
"""


def many(count):
    """As many memories, each one block RAM on every family."""
    text = MANY % {b"last": count - 1, b"count": count}
    return Circuit(top="many", sources={"many.v": text})


def test_ecp5_to_a_bitstream(cache, tiny, tmp_path):
    stages = []
    work = tmp_path / "work"
    result = synthesize_circuit(tiny, "ulx3s-25f", work=work, progress=stages.append)
    assert stages == ["synthesis", "place and route", "bitstream"]
    assert (result.target, result.clock_mhz, result.seed, result.kind) == (
        "ulx3s-25f", 120.0, 1, "measured")
    assert (result.brams, result.dsps, result.cached) == (1, 0, False)
    # 23 input bits and twice 17 output bits, two for the reset; a LUT for each output bit but one.
    assert (result.harness.luts, result.harness.ffs, result.harness.brams) == (16, 59, 0)
    assert result.luts is not None and result.ffs is not None
    assert result.accelerator.luts == result.luts - 16
    # The register behind the memory, which has no reset, moved into the block RAM: of 32, 16.
    assert result.accelerator.ffs == result.ffs - 59 == 16
    assert result.fmax_mhz is not None and result.met == (result.fmax_mhz >= 120)
    assert 100 < result.fmax_mhz < 600
    assert "accelerator." in result.critical_path
    assert set(result.versions) == {"yosys", "nextpnr-ecp5", "ecppack"}

    assert result.bitstream == work / "spikeloom.bit" and result.bitstream.stat().st_size > 50000
    assert {log.name for log in result.logs} == {"yosys.log", "nextpnr.log"}
    assert all(log.parent == work and log.stat().st_size for log in result.logs)
    assert json.loads((work / "synthesis.json").read_text())["fmax_mhz"] == result.fmax_mhz

    # The same again comes from the cache; another clock routes again, and is missed.
    again = synthesize_circuit(tiny, "ulx3s-25f", work=work)
    assert again == replace(result, cached=True)
    stages.clear()
    missed = synthesize_circuit(tiny, "ulx3s-25f", clock_mhz=900, progress=stages.append)
    assert stages == ["place and route", "bitstream"]
    assert not missed.met and missed.clock_mhz == 900 and missed.bitstream.is_file()
    assert result.router is Router.FIRST
    other = synthesize_circuit(tiny, "ulx3s-25f", router=Router.SECOND)
    assert other.router == "router2" and not other.cached
    assert "Running router2" in _log(other) and "Running router2" not in _log(result)
    assert other.fmax_mhz == pytest.approx(result.fmax_mhz, rel=0.3)


def _log(result):
    return next(log for log in result.logs if log.name == "nextpnr.log").read_text()


@pytest.mark.parametrize("router", Router)
def test_ice40_to_a_bitstream(cache, tiny, router):
    result = synthesize_circuit(tiny, "icebreaker", clock_mhz=12, router=router)
    assert result.met and result.fmax_mhz is not None and result.fmax_mhz > 12
    assert (result.brams, result.dsps, result.harness.ffs) == (1, 0, 59)
    # Every flip-flop is in a logic cell of its own, and the adder's carries take a few more.
    assert result.ffs == 59 + 32 and result.luts is not None and result.luts >= result.ffs
    assert result.bitstream.name == "spikeloom.bin" and result.bitstream.stat().st_size > 50000


@pytest.mark.parametrize("target", ["ulx3s-25f", "icebreaker"])
def test_packing_counts_what_is_placed(cache, tiny, target):
    packed = pack_circuit(tiny, target)
    placed = synthesize_circuit(tiny, target).accelerator
    assert packed == replace(placed, fmax_mhz=None)
    assert packed.kind == "measured" and packed.luts and packed.ffs and packed.brams == 1


def test_what_does_not_fit_is_counted_as_well(cache):
    assert pack_circuit(many(31), "icebreaker").brams == 31


def test_too_large_says_what_is_short_and_what_would_fit(cache):
    stages = []
    with pytest.raises(TooLarge) as failure:
        synthesize_circuit(many(31), "icebreaker", progress=stages.append)
    assert stages == ["synthesis"], "nothing that cannot fit is placed"
    assert failure.value.shortfall == {"brams": 1}
    assert failure.value.fitting == ("ice40-hx8k-evn",)
    assert str(failure.value) == (
        "The circuit is too large for icebreaker: 31 brams needed, 30 there (1 short); it would "
        "fit ice40-hx8k-evn, or generate it with a smaller folding")


def test_faulty_verilog_is_quoted(cache, tiny):
    source = tiny.sources["tiny.v"].replace(b"total <= 0;", b"total <= nothing(;")
    said = r"yosys failed in 'synthesis' .*\ntiny.v:21: ERROR: syntax error"
    with pytest.raises(ToolFailed, match=said):
        synthesize_circuit(Circuit(top="tiny", sources={"tiny.v": source}), "ulx3s-25f")


@pytest.mark.parametrize("target, message", [
    ("ulx3s-65f", "No target is called 'ulx3s-65f'; there are "),
    ("kv260", (r"Target 'kv260' has no open flow here: .* AMD Vivado's to make. Give it "
               r"spikeloom.v, spikeloom_memory.v and memory/ .*, part xck26-sfvc784-2LV-c, .*"
               r"Built here are .*ulx3s-85f")),
    ("de10-nano", "Intel Quartus Prime's to make.* part 5CSEBA6U23I7,"),
])
def test_targets_that_cannot_be_built(tiny, target, message):
    with pytest.raises(ValueError, match=message):
        synthesize_circuit(tiny, target)


@pytest.mark.parametrize("clock", [0, -1.0, float("nan")])
def test_clocks_that_are_none(tiny, clock):
    with pytest.raises(ValueError, match="The clock must be above 0 MHz, not"):
        synthesize_circuit(tiny, "ulx3s-25f", clock_mhz=clock)


def test_a_missing_tool_is_found_before_anything_runs(cache, tiny, monkeypatch):
    monkeypatch.setitem(run.TOOLS, "yosys", replace(run.TOOLS["yosys"], distribution="no-yosys"))
    with pytest.raises(FlowUnavailable, match="Missing: yosys; install with: pip install no-yosys"):
        synthesize_circuit(tiny, "ulx3s-25f")
    assert not cache.exists()


def test_a_folder_of_something_else_is_not_replaced(cache, tiny, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="is there already, and is no earlier build"):
        synthesize_circuit(tiny, "ulx3s-25f", work=tmp_path)
    assert (tmp_path / "letter.txt").exists()
